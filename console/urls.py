"""The site's addresses."""

from django.contrib import admin
from django.contrib.auth import views as auth
from django.urls import include, path
from django.views.generic import RedirectView

urlpatterns = [
    path("", RedirectView.as_view(url="/executions/"), name="home"),
    path("accounts/login/", auth.LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", auth.LogoutView.as_view(), name="logout"),
    path("admin/", admin.site.urls),
    path("", include("executions.urls")),
]
handler400 = "executions.views.errors.bad_request"
handler403 = "executions.views.errors.forbidden"
handler404 = "executions.views.errors.not_found"
handler500 = "executions.views.errors.server_error"
