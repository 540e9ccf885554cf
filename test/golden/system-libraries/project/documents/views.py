from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from weasyprint import HTML

from documents.models import Document


def cover(request, pk):
    document = get_object_or_404(Document, pk=pk)
    html = render_to_string("documents/cover.html", {"document": document})
    return HttpResponse(HTML(string=html).write_pdf(), content_type="application/pdf")
