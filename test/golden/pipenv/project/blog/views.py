from django.views.generic import DetailView, ListView

from blog.models import Post


class PostList(ListView):
    queryset = Post.objects.filter(published_at__isnull=False).order_by("-published_at")


class PostDetail(DetailView):
    queryset = PostList.queryset
