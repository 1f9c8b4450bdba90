"""The console's settings for tests: the environment they need, and nothing else."""

import os

os.environ.setdefault("SECRET_KEY", "only-for-tests-" + "x" * 40)
os.environ.setdefault("MISTRAL_API_KEY", "test-key")
os.environ.setdefault("MISTRAL_SERVER_URL", "http://127.0.0.1:9")
os.environ["DEMO"] = "1"
os.environ["PUBLIC_URL"] = "http://testserver,http://127.0.0.1:8000"

from console.settings import *  # noqa: F403  (the environment comes first)

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Static files are looked for when they are asked for, not whenever a test makes a client.
WHITENOISE_AUTOREFRESH = True
