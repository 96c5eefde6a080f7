"""What operators see of the streams: read-only, and of the events not what they say."""

from django.contrib import admin

from khidma.kernel.admin import OperatorAdmin
from khidma.realtime.models import StreamEvent, StreamPosition


@admin.register(StreamPosition)
class StreamPositionAdmin(OperatorAdmin):
    list_display = ("user_id", "last_seq", "trimmed_to")
    search_fields = ("user_id",)


@admin.register(StreamEvent)
class StreamEventAdmin(OperatorAdmin):
    list_display = ("user_id", "seq", "event", "created_at")
    list_filter = ("event",)
    search_fields = ("user_id",)
    exclude = ("data",)
