"""Settings, all of them from the environment (README: "Settings"). Nothing here has a secret as its default."""

from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ
import pghistory
from django.db import models
from django.templatetags.static import static

from gateway import logs
from gateway.database import addresses

env = environ.Env()

BASE_DIR = Path(__file__).resolve().parent.parent

SECRET_KEY = env.str("SECRET_KEY")
#: Fernet keys for encrypted columns; the first encrypts, all decrypt.
FIELD_ENCRYPTION_KEYS: list[str] = env.list("FIELD_ENCRYPTION_KEYS")
#: Keys of the hashes by which encrypted account numbers are found; the first writes, a search tries all.
SEARCH_HASH_KEYS: list[str] = env.list("SEARCH_HASH_KEYS")
#: Days after its last change for which an ended order keeps its customer's account data.
REDACT_AFTER_DAYS = env.int("REDACT_AFTER_DAYS", default=400)
DEBUG = False
#: The one-command stack: loopback http is allowed for webhooks, and only there.
LOCAL_STACK = env.bool("LOCAL_STACK", default=False)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost"])
#: Where callers reach this service: used in problem types, documentation links and postback addresses.
PUBLIC_URL = env.str("PUBLIC_URL", default="http://127.0.0.1:8000").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
CSRF_FAILURE_VIEW = "gateway.backoffice.dead_ends.out_of_date"
#: Networks of our own reverse proxies, in CIDR notation. Only they are believed about who is calling, and by which
#: scheme (`gateway.api.addresses`); with none, the caller is whoever opened the connection.
TRUSTED_PROXIES = [ip_network(text) for text in env.list("TRUSTED_PROXIES", default=[])]

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",
    "gateway.backoffice.signing_in.site_config.GatewayAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "pgtrigger",
    "pghistory",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "csp",
    "axes",
    "gateway.database",
    "gateway.products",
    "gateway.providers",
    "gateway.api",
    "gateway.webhooks",
    "balances",
    "payments",
    "withdrawals",
    "postbacks",
    "gateway.backoffice",
]

MIDDLEWARE = [
    "gateway.api.request_ids.RequestIdMiddleware",
    "gateway.api.addresses.ClientAddressMiddleware",
    "gateway.api.answer_headers.AnswerHeadersMiddleware",
    "gateway.api.answer_headers.ContentSecurityPolicyMiddleware",
    "gateway.for_pages.Addresses",
    "gateway.for_pages.StaticFiles",
    "gateway.for_pages.Sessions",
    "gateway.for_pages.Common",
    "gateway.for_pages.Csrf",
    "gateway.for_pages.Logins",
    "gateway.for_pages.SecondFactors",
    "gateway.for_pages.Histories",
    "gateway.for_pages.Messages",
    "gateway.for_pages.SessionEnds",
    "gateway.for_pages.Locks",
]

ROOT_URLCONF = "gateway.urls"
WSGI_APPLICATION = "gateway.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

#: Who logs in, and as what the application works then. The owner, where the processes know it, is for migrations.
DATABASE_LOGIN: dict[str, Any] = env.db("DATABASE_URL")
DATABASE_APPLICATION_ROLE = env.str("DATABASE_APPLICATION_ROLE", default="gateway_application")
_OWNER_URL = env.str("MIGRATION_DATABASE_URL", default="")
_DATABASE_OPTIONS = {
    # A pool, so that a request that waits (Prefer: wait) can give its connection back meanwhile.
    # There is one for each thread: who waits for a connection waits for a database that is away, and a thread
    # that waits answers nobody else. An answer of 503 after three seconds is better for both.
    "pool": {"min_size": 1, "max_size": env.int("DATABASE_POOL_SIZE", default=32), "timeout": 3},
    # The statements of gateway/prepared_sql.py are planned once in a connection. Not so behind a pooler that
    # gives each transaction another connection and knows nothing of prepared statements.
    "prepare_threshold": 5 if env.bool("DATABASE_PREPARE", default=True) else None,
}
DATABASES = {
    "default": {
        **addresses.with_options(
            addresses.of_the_application(DATABASE_LOGIN, DATABASE_APPLICATION_ROLE), **_DATABASE_OPTIONS
        ),
        "CONN_MAX_AGE": 0,
        "ATOMIC_REQUESTS": False,  # the border of each transaction stands at the top of its verb
    },
}
DATABASE_OWNER = addresses.with_options(
    addresses.of_the_owner(env.db_url_config(_OWNER_URL) if _OWNER_URL else DATABASE_LOGIN, DATABASE_LOGIN),
    **_DATABASE_OPTIONS,
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A dead cache costs a request half a second at most; whoever uses it can do without.
        "OPTIONS": {"socket_connect_timeout": 0.5, "socket_timeout": 0.5},
    },
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

#: The lock against guessing comes first: it is asked about each try before any password is looked at.
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "django.contrib.auth.backends.ModelBackend"]
#: Failed sign-ins of one name from one address before both are locked: a person mistypes two or three times.
AXES_FAILURE_LIMIT = 5
#: For how long they are, from the last of them on: 480 tries a day are nothing against a password of twelve characters.
AXES_COOLOFF_TIME = timedelta(minutes=15)
#: Not the name alone: whoever knows it could keep its owner out. Not the address alone: an office has one.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
#: Who goes on trying while locked makes it no longer: else a page that reloads would never let its person in.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "gateway.backoffice.signing_in.locks.address"
AXES_USERNAME_CALLABLE = "gateway.backoffice.signing_in.locks.username"
AXES_LOCKOUT_CALLABLE = "gateway.backoffice.signing_in.locks.locked"
#: Of what was sent with a failed sign-in nothing is kept: it holds the password, the code, and what was typed into the
#: wrong field.
AXES_SENSITIVE_PARAMETERS = [
    *("username", "ip_address", "password", "code", "csrfmiddlewaretoken", "next"),
    *("old_password", "new_password1", "new_password2"),
]
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
#: Its middleware is there, as `gateway.for_pages.Locks`, which lets programs pass.
SILENCED_SYSTEM_CHECKS = ["axes.W002"]

#: Of the payment pages; all else speaks English, whatever a browser prefers: no middleware chooses a language.
LANGUAGES = [("en", "English"), ("hi", "हिन्दी"), ("bn", "বাংলা"), ("ur", "اردو")]
LANGUAGE_CODE = "en"
#: Before those of the packages: what the pages say is ours alone.
LOCALE_PATHS = [BASE_DIR / "payments" / "locale"]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True
FORMAT_MODULE_PATH = ["gateway.formats"]

STATIC_URL = "static/"
#: Where `collectstatic` gathers files for a web server in front; without it they are served from the packages.
STATIC_ROOT = env.str("STATIC_ROOT", default=None)
WHITENOISE_USE_FINDERS = True

#: Minutes after the last page for which a session of the admin lives on: a person who goes for a meeting comes back to
#: a page that asks who they are; who reads a long order, or telephones about it, does not.
SESSION_IDLE_MINUTES = env.int("SESSION_IDLE_MINUTES", default=30)
#: Hours after signing in for which it lives at most, however busy: a working day with its overtime, and no second one.
SESSION_MAX_HOURS = env.int("SESSION_MAX_HOURS", default=12)
SESSION_COOKIE_AGE = SESSION_MAX_HOURS * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PUBLIC_URL.startswith("https://")

#: Most bytes of a request body without files; an order is well under a kilobyte.
DATA_UPLOAD_MAX_MEMORY_SIZE = 256 * 1024
#: Most bytes of a screenshot: a phone's full-resolution JPEG is 3 to 6 MiB.
SCREENSHOT_MAX_BYTES = 8 * 1024 * 1024
#: Most rows of a batch of withdrawals: validated while the caller waits, in a few seconds.
BATCH_MAX_ROWS = 10_000
#: Most bytes of a batch, as a body or as a file: 800 for each of its rows; a row with comment and notes has 300.
BATCH_MAX_BYTES = 8 * 1024 * 1024

#: Calls that one API key may make in a minute, where its own row says nothing else: 500 a second. A loop that waits
#: for each answer does not come near it, and a product gone mad leaves half of a small machine to the others.
API_CALLS_PER_MINUTE = env.int("API_CALLS_PER_MINUTE", default=30_000)
#: Calls without a valid key that one address may make in a minute: a person who pastes the wrong key needs a few, and
#: whoever tries keys learns nothing from thirty.
FAILED_AUTHENTICATIONS_PER_MINUTE = env.int("FAILED_AUTHENTICATIONS_PER_MINUTE", default=30)
#: Letters with a wrong signature that one account looks into in a minute, from one address. After a rotation of keys
#: the provider's real letters are among them: enough to ask about its orders, too few to keep the workers busy.
REFUSED_LETTERS_PER_MINUTE = env.int("REFUSED_LETTERS_PER_MINUTE", default=60)

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["gateway.api.authentication.ApiKeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["gateway.api.authentication.HasScope"],
    "DEFAULT_PARSER_CLASSES": ["gateway.api.parsers.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "gateway.api.negotiation.QuickContentNegotiation",
    "DEFAULT_SCHEMA_CLASS": "gateway.api.schema.GatewaySchema",
    "EXCEPTION_HANDLER": "gateway.api.problems.exception_handler",
    # Half a surrogate pair, which no body may hold (parsers.py): no caller's member can have this name.
    "NON_FIELD_ERRORS_KEY": "\ud800",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Payment gateway",
    "VERSION": "1.0.0",
    "DESCRIPTION": (
        "One normalized payment interface in front of Paykassma. Amounts are decimal strings with an ISO 4217 "
        "code; every POST that moves money carries an `Idempotency-Key`; errors are RFC 9457 problem documents; "
        "news arrives as Standard Webhooks."
    ),
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PUBLIC": True,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": [],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "COMPONENT_SPLIT_REQUEST": True,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
    "WEBHOOKS": [
        "payments.documentation.deposit_webhook",
        "payments.documentation.confirmation_webhook",
        "payments.documentation.savings_webhook",
        "withdrawals.documentation.withdrawal_webhook",
        "withdrawals.documentation.withdrawal_batch_webhook",
        "gateway.webhooks.documentation.endpoint_webhook",
    ],
    # Enums stay where they are used: generated names for them would mean nothing.
    "POSTPROCESSING_HOOKS": ["gateway.api.schema.add_shared_components"],
}

#: What changes settings is sent by POST (`gateway.for_pages.Histories`).
PGHISTORY_MIDDLEWARE_METHODS = ("POST",)
#: Rows of history name what the setting named: nobody looks for them by that, and nothing goes with it.
PGHISTORY_FOREIGN_KEY_FIELD = pghistory.ForeignKey(on_delete=models.PROTECT, db_index=False)

#: Where people go who log in without having asked for a page before.
LOGIN_REDIRECT_URL = "admin:index"

UNFOLD = {
    "SITE_TITLE": "Payment gateway",
    "SITE_HEADER": "Payment gateway",
    "SITE_SYMBOL": "account_balance",
    "SITE_URL": None,
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda _request: static("backoffice/icon.svg")},
    ],
    "SHOW_BACK_BUTTON": True,
    # Blue: links and buttons stand out from the red, orange and green of what is wrong and right, for everybody.
    "COLORS": {
        "primary": {
            "50": "oklch(97% .014 254.6)",
            "100": "oklch(93.2% .032 255.6)",
            "200": "oklch(88.2% .059 254.1)",
            "300": "oklch(80.9% .105 251.8)",
            "400": "oklch(74% .14 254.6)",
            "500": "oklch(70% .15 256)",
            "600": "oklch(50% .19 260)",
            "700": "oklch(45% .19 262)",
            "800": "oklch(40% .17 264)",
            "900": "oklch(36% .13 265)",
            "950": "oklch(27% .09 267.9)",
        },
    },
    "DASHBOARD_CALLBACK": "gateway.backoffice.first_page.page.first_page",
    "ENVIRONMENT": "gateway.backoffice.navigation.environment",
    "ENVIRONMENT_TITLE_PREFIX": "gateway.backoffice.navigation.tab",
    "SIDEBAR": {"navigation": "gateway.backoffice.navigation.sidebar"},
    "STYLES": [
        lambda _request: static("backoffice/pages.css"),
        lambda _request: static("backoffice/lists.css"),
        lambda _request: static("backoffice/queues.css"),
        lambda _request: static("backoffice/story.css"),
        lambda _request: static("backoffice/masters.css"),
    ],
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker for as long as it takes
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_connect_timeout": 1,
    "socket_timeout": 30,
    # A doorbell is rung once and not again: the transport's own retries would hold a request for six seconds.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
#: A provider call ends within 65 s (5 connect + 60 read); a task that runs twice as long hangs.
CELERY_TASK_TIME_LIMIT = 150
CELERY_TASK_DEFAULT_QUEUE = "money-in"

LOGGING = logs.LOGGING
logs.configure()

#: Threads of one web worker, as granian is told; half of them may wait for a next action.
BLOCKING_THREADS = env.int("BLOCKING_THREADS", default=32)
