from django.urls import path

from blog.views import PostDetail, PostList

urlpatterns = [
    path("", PostList.as_view(), name="posts"),
    path("<slug:slug>/", PostDetail.as_view(), name="post"),
]
