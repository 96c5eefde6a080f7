"""Content security policies: nothing for JSON, own files for pages, and what the admin's scripts need for the admin."""

NOTHING = "default-src 'none'; frame-ancestors 'none'"
OWN_FILES = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
DOCS = OWN_FILES.replace("style-src 'self'", "style-src 'self' 'unsafe-inline'")
ADMIN = OWN_FILES.replace("script-src 'self'", "script-src 'self' 'unsafe-eval'").replace(
    "style-src 'self'", "style-src 'self' 'unsafe-inline'"
)

BY_PREFIX = [("/admin", ADMIN), ("/api/docs", DOCS), ("/api/", NOTHING)]


def policy_for(path: str) -> str:
    """The policy of a page by its address; a view that needs another sets its own header."""
    return next((policy for prefix, policy in BY_PREFIX if path.startswith(prefix)), OWN_FILES)
