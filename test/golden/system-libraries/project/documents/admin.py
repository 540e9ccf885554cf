from django.contrib import admin

from documents.inspection import media_type
from documents.models import Document


@admin.register(Document)
class DocumentAdmin(admin.ModelAdmin):
    list_display = ["title", "media_type"]

    def save_model(self, request, obj, form, change):
        obj.media_type = media_type(obj.file)
        super().save_model(request, obj, form, change)
