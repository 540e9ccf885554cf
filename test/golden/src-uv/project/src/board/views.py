from django.http import HttpResponse
from django.views.generic import ListView

from board.models import Notice


def up(request):
    return HttpResponse("ok", content_type="text/plain")


class NoticeListView(ListView):
    model = Notice
    paginate_by = 20
