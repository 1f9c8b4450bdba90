"""HTTP and websockets: origin check, session, then the consumers."""

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "console.settings")

from django.core.asgi import get_asgi_application

application = get_asgi_application()
