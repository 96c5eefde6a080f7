"""The people of the demo data: operators, doers and clients, with plausible names and colleges."""

from typing import Any

from django.contrib.auth import get_user_model

from accounts import services as accounts
from accounts.models import CodePurpose, User
from accounts.services.codes import issue_code

OPERATORS = [
    ("admin@khidma.test", "Meera Iyer", "administrator"),
    ("finance@khidma.test", "Farhan Qureshi", "finance"),
    ("trust@khidma.test", "Tara Menon", "trust"),
    ("support@khidma.test", "Sunil Gupta", "support"),
]
PASSWORD = "khidma-demo"  # noqa: S105 - the published sign-in of a local run

DOERS = [
    ("Ravi Kumar", "Delhi University", "B.Com", 2, 2028),
    ("Ananya Sharma", "IIT Bombay", "B.Des", 3, 2027),
    ("Mohammed Irfan", "Jamia Millia Islamia", "B.A. English", 1, 2029),
    ("Kavya Nair", "Christ University", "B.Sc. Mathematics", 4, 2027),
    ("Arjun Reddy", "BITS Pilani", "B.E. Computer Science", 3, 2027),
    ("Pooja Patil", "Fergusson College", "B.A. Media", 2, 2028),
    ("Harpreet Singh", "Panjab University", "B.Tech Electrical", 4, 2027),
    ("Lakshmi Krishnan", "Anna University", "B.E. Civil", 2, 2028),
    ("Imran Shaikh", "Osmania University", "B.Sc. Statistics", 3, 2027),
    ("Sneha Das", "Jadavpur University", "M.A. Film Studies", 1, 2027),
]
CLIENTS = ["Asha Rao", "Vikram Malhotra", "Nisha Agarwal", "Joseph Mathew", "Zoya Khan", "Deepak Joshi"]


def seed_operators() -> None:
    """One operator per role, with the published password."""
    for email, name, group in OPERATORS:
        if not get_user_model().objects.filter(email=email).exists():
            accounts.create_operator(email=email, name=name, group=group, password=PASSWORD)


def seed_doers() -> list[User]:
    """Doers with complete profiles, from +919000000001 on."""
    return [
        _person(
            1 + index,
            name,
            roles=["doer"],
            university=university,
            course=course,
            year=year,
            graduation_year=graduation_year,
        )
        for index, (name, university, course, year, graduation_year) in enumerate(DOERS)
    ]


def seed_clients() -> list[User]:
    """Clients with complete profiles, on the phones after the doers'."""
    return [_person(1 + len(DOERS) + index, name, roles=["client"]) for index, name in enumerate(CLIENTS)]


def _person(number: int, name: str, **profile: Any) -> User:
    phone = f"+919{number:09d}"
    found = User.objects.filter(phone=phone).first()
    if found is None:
        _, code = issue_code(purpose=CodePurpose.SIGN_IN, target=phone)
        found = accounts.sign_in(phone=phone, code=code).user
    if found.profile_completed_at is None:
        email = f"{name.lower().replace(' ', '.')}@example.in"
        found = accounts.update_profile(user=found, name=name, email=email, **profile)
    return found
