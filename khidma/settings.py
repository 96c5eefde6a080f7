"""Settings of every process, read from the environment (see the README for the variables)."""

import os
from pathlib import Path
from typing import Any

import django_stubs_ext
import environ
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from khidma.http.defaults import REST_FRAMEWORK, SPECTACULAR_SETTINGS  # noqa: F401 - of the REST framework
from khidma.http.logs import configure_structlog, logging_settings

BASE_DIR = Path(__file__).resolve().parent.parent

django_stubs_ext.monkeypatch()  # generic model fields, admins and querysets, as the type checker knows them

env = environ.Env()
KHIDMA_HOME = Path(os.environ.get("KHIDMA_HOME") or BASE_DIR / ".khidma").resolve()
KHIDMA_ENV = os.environ.get("KHIDMA_ENV", "local")
if KHIDMA_ENV not in {"local", "test", "production"}:
    raise ImproperlyConfigured(f"KHIDMA_ENV is {KHIDMA_ENV!r}; it must be local, test or production.")
if KHIDMA_ENV != "production" and (KHIDMA_HOME / "environment").exists():
    environ.Env.read_env(KHIDMA_HOME / "environment")

PRODUCTION = KHIDMA_ENV == "production"
PLACEHOLDER = "not-a-secret"


def secret(name: str) -> str:
    """A secret from the environment; outside production a placeholder stands in, so that tools run without a home."""
    return str(env.str(name, default="" if PRODUCTION else PLACEHOLDER))


PORT = env.int("PORT", default=8000)
DEBUG = env.bool("KHIDMA_DEBUG", default=False)
SECRET_KEY = secret("KHIDMA_SECRET_KEY")
KHIDMA_TOKEN_KEY = secret("KHIDMA_TOKEN_KEY")
KHIDMA_OTP_PEPPER = secret("KHIDMA_OTP_PEPPER")
KHIDMA_FIELD_KEYS = env.str("KHIDMA_FIELD_KEYS", default="" if PRODUCTION else "k0:" + "A" * 43 + "=")
KHIDMA_LIMITS = env.bool("KHIDMA_LIMITS", default=True)
KHIDMA_WAITS = env.bool("KHIDMA_WAITS", default=PRODUCTION)  # cooling-off, first payout and settlement delays
TRUSTED_PROXIES = env.int("KHIDMA_TRUSTED_PROXIES", default=0)
PUBLIC_URL = env.str("KHIDMA_PUBLIC_URL", default=f"http://127.0.0.1:{PORT}")

# Receivers of webhooks. "Near" ones (`127.0.0.1:9001`) are taken as they are, without TLS and wherever they stand: for
# tests and proofs. Ours are the networks that stand before us under addresses that this machine does not have.
KHIDMA_NEAR_RECEIVERS: list[str] = env.list("KHIDMA_NEAR_RECEIVERS", default=[])
KHIDMA_OWN_ADDRESSES: list[str] = env.list("KHIDMA_OWN_ADDRESSES", default=[])

ALLOWED_HOSTS = env.list(
    "KHIDMA_ALLOWED_HOSTS", default=[] if PRODUCTION else ["127.0.0.1", "localhost", "[::1]", "testserver"]
)
CSRF_TRUSTED_ORIGINS = env.list("KHIDMA_CSRF_TRUSTED_ORIGINS", default=[])
CORS_ALLOWED_ORIGINS = env.list("KHIDMA_ALLOWED_ORIGINS", default=[])
CORS_EXPOSE_HEADERS = [
    "X-Request-ID",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
    "Retry-After",
    "Idempotent-Replayed",
    "Location",
    "ETag",
]
CORS_ALLOW_HEADERS = ["accept", "authorization", "content-type", "idempotency-key", "if-none-match", "x-request-id"]
CORS_URLS_REGEX = r"^/api/.*$"

RAZORPAY_KEY_ID = secret("RAZORPAY_KEY_ID")
RAZORPAY_KEY_SECRET = secret("RAZORPAY_KEY_SECRET")
RAZORPAY_WEBHOOK_SECRET = secret("RAZORPAY_WEBHOOK_SECRET")
RAZORPAY_WEBHOOK_SECRET_OLD = env.str("RAZORPAY_WEBHOOK_SECRET_OLD", default="")
RAZORPAY_BASE_URL = env.str(
    "RAZORPAY_BASE_URL", default="https://api.razorpay.com" if PRODUCTION else f"http://127.0.0.1:{PORT + 1}"
)
BANK_STATEMENT_URL = (
    "" if PRODUCTION or not RAZORPAY_BASE_URL.startswith("http://") else f"{RAZORPAY_BASE_URL}/_sandbox/bank"
)
RAZORPAYX_ACCOUNT_NUMBER = secret("RAZORPAYX_ACCOUNT_NUMBER")

# Who carries messages out (khidma/delivery/README.md); `page` keeps them for /dev/outbox instead.
SMS_PROVIDERS = env.list("KHIDMA_SMS_PROVIDERS", default=[] if PRODUCTION else ["page"])
PUSH_PROVIDER = env.str("KHIDMA_PUSH_PROVIDER", default="" if PRODUCTION else "page")
EMAIL_PROVIDER = env.str("KHIDMA_EMAIL_PROVIDER", default="" if PRODUCTION else "page")
MSG91_AUTH_KEY = env.str("MSG91_AUTH_KEY", default="")
MSG91_TEMPLATES: dict[str, str] = env.json("MSG91_TEMPLATES", default={})  # {"login_code.en": "64…", …}
MSG91_BASE_URL = env.str("MSG91_BASE_URL", default="https://control.msg91.com")
TWILIO_ACCOUNT_SID = env.str("TWILIO_ACCOUNT_SID", default="")
TWILIO_AUTH_TOKEN = env.str("TWILIO_AUTH_TOKEN", default="")
TWILIO_SENDER = env.str("TWILIO_SENDER", default="")  # a number, a sender id, or a messaging service (MG…)
TWILIO_BASE_URL = env.str("TWILIO_BASE_URL", default="https://api.twilio.com")
FCM_CREDENTIALS: dict[str, str] = env.json("FCM_CREDENTIALS", default={})  # the service account's key file
FCM_BASE_URL = env.str("FCM_BASE_URL", default="https://fcm.googleapis.com")
EMAIL_BACKEND = env.str("KHIDMA_EMAIL_BACKEND", default="django.core.mail.backends.smtp.EmailBackend")
EMAIL_HOST = env.str("KHIDMA_EMAIL_HOST", default="")
EMAIL_PORT = env.int("KHIDMA_EMAIL_PORT", default=587)
EMAIL_HOST_USER = env.str("KHIDMA_EMAIL_USER", default="")
EMAIL_HOST_PASSWORD = env.str("KHIDMA_EMAIL_PASSWORD", default="")
EMAIL_USE_TLS = True
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("KHIDMA_EMAIL_FROM", default="" if PRODUCTION else "Khidma <no-reply@khidma.test>")
ANYMAIL: dict[str, Any] = {**env.json("KHIDMA_ANYMAIL", default={}), "REQUESTS_TIMEOUT": (3, 10)}

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "corsheaders",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "channels",
    "anymail",
    "khidma.kernel",
    "khidma.http",
    "khidma.realtime",
    "khidma.media",
    "khidma.delivery",
    "accounts",
    "gigs",
    "payments",
    "orders",
    "messaging",
    "trust_safety",
    "notifications",
    "operations",
]

MIDDLEWARE = [
    "khidma.http.middleware.RequestContext",
    "khidma.http.middleware.ResponseHeaders",
    "khidma.http.middleware.Addresses",
    "khidma.http.middleware.Language",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "khidma.urls"
ASGI_APPLICATION = "khidma.asgi.application"
WSGI_APPLICATION = "khidma.wsgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

# The web process pools its connections; workers keep one per thread (KHIDMA_PROCESS=worker).
WORKER = env.str("KHIDMA_PROCESS", default="web") == "worker"
EMBEDDED_DATABASE = "postgres://khidma_app@127.0.0.1:5432/khidma"


def database(
    url: str, *, pooled: bool = False, statement_timeout: str = "5s", idle_timeout: str = "15s"
) -> dict[str, Any]:
    """One entry of DATABASES; the time-outs stand here as well as on the role, so that any role obeys them."""
    options: dict[str, Any] = {
        "connect_timeout": 2,
        "options": f"-c statement_timeout={statement_timeout} -c lock_timeout=2s"
        f" -c idle_in_transaction_session_timeout={idle_timeout}",
        "prepare_threshold": 0,  # of khidma.kernel.prepared alone: other cursors put values into their statements
    }
    if pooled:
        # With the database gone, an answer within two seconds; with it back, a connection at the next request.
        options["pool"] = {"min_size": 1, "max_size": 32, "timeout": 1.2, "reconnect_timeout": 2, "max_idle": 300}
    return {
        **env.db_url_config(url),
        "OPTIONS": options,
        "CONN_MAX_AGE": 60 if WORKER else 0,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": False,
    }


DATABASE_URL = env.str("DATABASE_URL", default="" if PRODUCTION else EMBEDDED_DATABASE)
DATABASES = {
    "default": database(
        DATABASE_URL or EMBEDDED_DATABASE,
        pooled=not WORKER and KHIDMA_ENV != "test",
        statement_timeout="60s" if WORKER else "5s",
    ),
    "owner": database(  # a migration thinks between its statements, on a busy machine for long
        env.str("DATABASE_OWNER_URL", default=DATABASE_URL or EMBEDDED_DATABASE),
        statement_timeout="10min",
        idle_timeout="2min",
    ),
    "readonly": database(env.str("DATABASE_READONLY_URL", default=DATABASE_URL or EMBEDDED_DATABASE)),
}
DATABASE_ROUTERS: list[str] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env.str("REDIS_URL", default="" if PRODUCTION else "redis://127.0.0.1:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1},
        "KEY_PREFIX": "khidma",
    }
}

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
# Without a broker a request gives up waking a worker at once: the clock makes up for it. A worker waits longer.
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "socket_timeout": 3 if WORKER else 0.5,
    "socket_connect_timeout": 1 if WORKER else 0.5,
    "max_retries": 0,
    "visibility_timeout": 600,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_DB_REUSE_MAX = 100_000
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(KHIDMA_HOME / "beat-schedule")

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/admin/login/"
LOGIN_REDIRECT_URL = "/admin/"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
if KHIDMA_ENV == "test":  # hundreds of log-ins; a slow hash would prove nothing there
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_COOKIE_AGE = 8 * 3600
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SECURE_SSL_REDIRECT = PRODUCTION and env.bool("KHIDMA_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("hi", _("Hindi"))]
LOCALE_PATHS = [BASE_DIR / "khidma" / "locale"]
TIME_ZONE = "Asia/Kolkata"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = KHIDMA_HOME / "static"
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = KHIDMA_HOME / "media"
IDENTITY_ROOT = KHIDMA_HOME / "identity"
KHIDMA_CLAMD = env.str("KHIDMA_CLAMD", default="")  # `tcp://host:port` or `unix:/path` of a scanner


def storage(root: Path, bucket: str) -> dict[str, Any]:
    """One entry of STORAGES: the bucket of this name, if there is one, else the folder, for its owner alone."""
    if not bucket:
        options: dict[str, Any] = {
            "location": root,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        }
        return {"BACKEND": "khidma.media.providers.storage.OwnFolder", "OPTIONS": options}
    from botocore.config import Config  # which takes its time to import

    options = {
        "bucket_name": bucket,
        "endpoint_url": env.str("KHIDMA_S3_ENDPOINT", default="") or None,
        "region_name": env.str("KHIDMA_S3_REGION", default="ap-south-1"),
        "access_key": env.str("KHIDMA_S3_ACCESS_KEY", default="") or None,
        "secret_key": env.str("KHIDMA_S3_SECRET_KEY", default="") or None,
        "default_acl": None,
        "file_overwrite": True,  # keys are random: nothing is ever stored twice under one
        "max_memory_size": 1_048_576,
        "client_config": Config(connect_timeout=3, read_timeout=20, retries={"total_max_attempts": 2}),
    }
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}


STORAGES = {
    "default": storage(MEDIA_ROOT, env.str("KHIDMA_MEDIA_BUCKET", default="")),
    "media": storage(MEDIA_ROOT, env.str("KHIDMA_MEDIA_BUCKET", default="")),
    "identity": storage(IDENTITY_ROOT, env.str("KHIDMA_IDENTITY_BUCKET", default="")),
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

configure_structlog()
LOGGING = logging_settings(readable=not PRODUCTION)

UNFOLD = {
    "SITE_TITLE": "Khidma",
    "SITE_HEADER": "Khidma",
    "SITE_SUBHEADER": _("Operators"),
    "SITE_SYMBOL": "handshake",
    "ENVIRONMENT": "operations.badge.books_badge",
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "COLORS": {
        "primary": {
            "50": "240 253 250",
            "100": "204 251 241",
            "200": "153 246 228",
            "300": "94 234 212",
            "400": "45 212 191",
            "500": "20 184 166",
            "600": "13 148 136",
            "700": "15 118 110",
            "800": "17 94 89",
            "900": "19 78 74",
            "950": "4 47 46",
        }
    },
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}

DATA_UPLOAD_MAX_MEMORY_SIZE = 1_048_576
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000


def delivery_faults() -> list[str]:
    """What keeps SMS, push and e-mail from going out in production."""
    needed: dict[str, dict[str, Any]] = {
        "msg91": {"MSG91_AUTH_KEY": MSG91_AUTH_KEY, "MSG91_TEMPLATES": MSG91_TEMPLATES.get("login_code.en")},
        "twilio": {
            "TWILIO_ACCOUNT_SID": TWILIO_ACCOUNT_SID,
            "TWILIO_AUTH_TOKEN": TWILIO_AUTH_TOKEN,
            "TWILIO_SENDER": TWILIO_SENDER,
        },
    }
    faults = [] if SMS_PROVIDERS else ["KHIDMA_SMS_PROVIDERS is not set."]
    faults += [f"KHIDMA_SMS_PROVIDERS knows no {name!r}." for name in SMS_PROVIDERS if name not in needed]
    chosen = [needed[name] for name in SMS_PROVIDERS if name in needed]
    chosen.append({"KHIDMA_EMAIL_FROM": DEFAULT_FROM_EMAIL})
    if PUSH_PROVIDER != "fcm":
        faults.append("KHIDMA_PUSH_PROVIDER must be fcm.")
    elif not {"project_id", "private_key_id", "private_key", "client_email", "token_uri"} <= set(FCM_CREDENTIALS):
        faults.append("FCM_CREDENTIALS is not the key of a service account.")
    if EMAIL_PROVIDER != "mail":
        faults.append("KHIDMA_EMAIL_PROVIDER must be mail.")
    if EMAIL_BACKEND.endswith("smtp.EmailBackend"):
        chosen.append({"KHIDMA_EMAIL_HOST": EMAIL_HOST})
    elif not EMAIL_BACKEND.startswith("anymail.backends.") or EMAIL_BACKEND.startswith("anymail.backends.test."):
        faults.append("KHIDMA_EMAIL_BACKEND is neither SMTP nor one of anymail's.")
    addresses = {"MSG91_BASE_URL": MSG91_BASE_URL, "TWILIO_BASE_URL": TWILIO_BASE_URL, "FCM_BASE_URL": FCM_BASE_URL}
    faults += [f"{name} is not encrypted." for name, url in addresses.items() if not url.startswith("https://")]
    return faults + [f"{name} is not set." for needs in chosen for name, value in needs.items() if not value]


def production_faults() -> list[str]:
    """What keeps this configuration from running in production, one sentence each."""
    secrets = [
        "SECRET_KEY",
        "KHIDMA_TOKEN_KEY",
        "KHIDMA_OTP_PEPPER",
        "KHIDMA_FIELD_KEYS",
        "RAZORPAY_KEY_ID",
        "RAZORPAY_KEY_SECRET",
        "RAZORPAY_WEBHOOK_SECRET",
        "RAZORPAYX_ACCOUNT_NUMBER",
    ]
    names = {"SECRET_KEY": "KHIDMA_SECRET_KEY"}
    faults = [
        f"{names.get(name, name)} is not set, or is a default."
        for name in secrets
        if globals()[name] in {"", PLACEHOLDER} or (name != "RAZORPAYX_ACCOUNT_NUMBER" and len(globals()[name]) < 12)
    ]
    if KHIDMA_FIELD_KEYS.startswith("k0:"):
        faults.append("KHIDMA_FIELD_KEYS holds the default key k0.")
    if DEBUG:
        faults.append("KHIDMA_DEBUG is on.")
    if not KHIDMA_LIMITS:
        faults.append("KHIDMA_LIMITS is off.")
    if not KHIDMA_WAITS:
        faults.append("KHIDMA_WAITS is off.")
    if KHIDMA_NEAR_RECEIVERS:
        faults.append("KHIDMA_NEAR_RECEIVERS lets webhooks into our own network.")
    if not RAZORPAY_BASE_URL.startswith("https://"):
        faults.append("RAZORPAY_BASE_URL is the stand-in's, or not encrypted.")
    faults += [
        f"{name} is not set."
        for name, value in {
            "DATABASE_URL": DATABASE_URL,
            "REDIS_URL": REDIS_URL,
            "KHIDMA_ALLOWED_HOSTS": ALLOWED_HOSTS,
        }.items()
        if not value
    ]
    return faults + delivery_faults()


if PRODUCTION and (_faults := production_faults()):
    raise ImproperlyConfigured("Khidma does not start in production like this:\n- " + "\n- ".join(_faults))
