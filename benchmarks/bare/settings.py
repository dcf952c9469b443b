"""A plain project: Django REST framework, one app, the same database driver and pool as the service."""

from typing import Any

import environ

env = environ.Env()

SECRET_KEY = env.str("SECRET_KEY")
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["rest_framework", "benchmarks.bare"]
#: The least with which answers have a length. What a new project brings along beside it (sessions, users, messages)
#: would only make the yardstick shorter.
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "benchmarks.bare.urls"
DATABASES: dict[str, Any] = {"default": env.db("DATABASE_URL")}
DATABASES["default"] |= {"OPTIONS": {"pool": {"min_size": 1, "max_size": 32, "timeout": 10}}, "CONN_MAX_AGE": 0}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "UNAUTHENTICATED_USER": None,
}
