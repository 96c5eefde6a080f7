"""Tables of accounts: people, their sessions and codes, their working profiles and the lists these speak of."""

from accounts.models.codes import CodePurpose, OneTimeCode, WrongCode
from accounts.models.lists import Category, GigKind, Skill, Zone
from accounts.models.profiles import Block, DoerProfile
from accounts.models.sessions import OperatorTotp, RefreshToken, Session, SignInMethod
from accounts.models.users import User
from accounts.models.verifying import DocumentKind, Verification

__all__ = [
    "Block",
    "Category",
    "CodePurpose",
    "DocumentKind",
    "DoerProfile",
    "GigKind",
    "OneTimeCode",
    "OperatorTotp",
    "RefreshToken",
    "Session",
    "SignInMethod",
    "Skill",
    "User",
    "Verification",
    "WrongCode",
    "Zone",
]
