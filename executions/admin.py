"""The audit in Django's own admin: to read, never to change. Only superusers get there."""

from django.contrib import admin
from django.http import HttpRequest

from executions.models import ActionOutcome, ActionRepeated, ActionRequested, AuditPruned


class ReadOnlyAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # the class takes no parameter at run time
    """Nothing can be added, changed or deleted, not even by a superuser."""

    actions = None
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(ActionRequested)
class ActionRequestedAdmin(ReadOnlyAdmin):
    list_display = ("at", "username", "operation", "execution_id", "reason")
    list_filter = ("operation",)
    search_fields = ("username", "execution_id", "reason")


@admin.register(ActionOutcome)
class ActionOutcomeAdmin(ReadOnlyAdmin):
    list_display = ("at", "action_id", "result", "code", "message")
    list_filter = ("result",)
    search_fields = ("action_id",)


@admin.register(ActionRepeated)
class ActionRepeatedAdmin(ReadOnlyAdmin):
    list_display = ("at", "action_id")


@admin.register(AuditPruned)
class AuditPrunedAdmin(ReadOnlyAdmin):
    list_display = ("at", "username", "older_than", "count")
