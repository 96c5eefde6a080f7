"""What a file really is, from its bytes: nothing here trusts a name or a header of the caller."""

from khidma.media.inspection.inspecting import LIMITS, inspect
from khidma.media.inspection.report import Report

__all__ = ["LIMITS", "Report", "inspect"]
