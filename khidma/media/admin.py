"""The operators' view of files: what they are, never what is in them."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from khidma.media.models import Attachment, File


@admin.register(File)
class FileAdmin(OperatorAdmin):
    list_display = ("created_at", "owner_id", "kind", "name", "mime_type", "size", "status")
    list_filter = ("kind", "status", "created_at")
    search_fields = ("id", "owner__name", "owner__phone")
    ordering = ("-created_at", "-id")
    exclude = ("storage_key", "sealed_key")


@admin.register(Attachment)
class AttachmentAdmin(OperatorAdmin):
    list_display = ("created_at", "file", "thing", "thing_id", "position")
    list_filter = ("thing", "created_at")
    search_fields = ("file__id", "thing_id")
    list_select_related = ("file",)
    ordering = ("-created_at", "-id")
