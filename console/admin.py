"""Django's own admin, for users and groups; superusers only."""

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.http import HttpRequest


class ConsoleAdminSite(AdminSite):
    site_header = "Executions Console"
    site_title = "Executions Console"
    index_title = "Users and groups"

    def has_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_active and getattr(request.user, "is_superuser", False))


class ConsoleAdminConfig(AdminConfig):
    default_site = "console.admin.ConsoleAdminSite"
