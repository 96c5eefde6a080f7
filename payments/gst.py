"""The identification number of the goods and services tax: its states, its form and its check character."""

import re

STATES = {
    "01": "Jammu and Kashmir",
    "02": "Himachal Pradesh",
    "03": "Punjab",
    "04": "Chandigarh",
    "05": "Uttarakhand",
    "06": "Haryana",
    "07": "Delhi",
    "08": "Rajasthan",
    "09": "Uttar Pradesh",
    "10": "Bihar",
    "11": "Sikkim",
    "12": "Arunachal Pradesh",
    "13": "Nagaland",
    "14": "Manipur",
    "15": "Mizoram",
    "16": "Tripura",
    "17": "Meghalaya",
    "18": "Assam",
    "19": "West Bengal",
    "20": "Jharkhand",
    "21": "Odisha",
    "22": "Chhattisgarh",
    "23": "Madhya Pradesh",
    "24": "Gujarat",
    "26": "Dadra and Nagar Haveli and Daman and Diu",
    "27": "Maharashtra",
    "29": "Karnataka",
    "30": "Goa",
    "31": "Lakshadweep",
    "32": "Kerala",
    "33": "Tamil Nadu",
    "34": "Puducherry",
    "35": "Andaman and Nicobar Islands",
    "36": "Telangana",
    "37": "Andhra Pradesh",
    "38": "Ladakh",
    "97": "Other Territory",
}
"""The codes of states and union territories, as the GST network numbers them; the first two digits of a GSTIN."""

FORM = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][1-9A-Z]Z[0-9A-Z]", re.ASCII)
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def is_sac(text: str) -> bool:
    """Whether this is a service accounting code."""
    return bool(re.fullmatch(r"99[0-9]{2,4}", text, re.ASCII))


def check_character(first: str) -> str:
    """The last character of a GSTIN of which these are the first fourteen (Luhn, modulo 36)."""
    total = 0
    for position, character in enumerate(first):
        product = DIGITS.index(character) * (1 + position % 2)
        total += product // 36 + product % 36
    return DIGITS[-total % 36]


def is_gstin(text: str) -> bool:
    """Whether this is one: a known state, a PAN, the right check character."""
    return bool(FORM.fullmatch(text)) and text[:2] in STATES and check_character(text[:14]) == text[14]
