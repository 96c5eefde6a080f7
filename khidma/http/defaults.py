"""DRF's settings: khidma.settings takes them over as REST_FRAMEWORK."""

from typing import Any

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_THROTTLE_CLASSES": [],
    "DEFAULT_PARSER_CLASSES": ["khidma.http.parsers.StrictJSON"],
    "DEFAULT_RENDERER_CLASSES": ["khidma.http.renderers.Envelope"],
    "DEFAULT_SCHEMA_CLASS": "khidma.http.schema.OperationSchema",
    "EXCEPTION_HANDLER": "khidma.http.handler.exception_handler",
    "NON_FIELD_ERRORS_KEY": "body",
    "URL_FORMAT_OVERRIDE": None,
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "Khidma",
    "DESCRIPTION": (
        "A marketplace for services: gigs, applications, orders with money in escrow, chat and payouts. "
        "Money is whole paise, times are milliseconds since the epoch."
    ),
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SCHEMA_PATH_PREFIX": "/api",
    "SERVE_INCLUDE_SCHEMA": False,
    "CAMELIZE_NAMES": True,
    "COMPONENT_SPLIT_REQUEST": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "POSTPROCESSING_HOOKS": [
        "khidma.http.schema.add_shared_parts",
    ],
}
