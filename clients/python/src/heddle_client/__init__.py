"""Any document of a Heddle repository at any moment, and back."""

from .client import Change, Document, Heddle, HeddleError, Key, Moment, Rollback, Version

__all__ = ["Change", "Document", "Heddle", "HeddleError", "Key", "Moment", "Rollback", "Version"]
