"""The numbers of the rate limits, which operators may change while the system runs."""

from khidma.kernel.runtime import RuntimeSettings, setting


class SecuritySettings(RuntimeSettings, category="security"):
    """How often one caller may ask. Every number is requests in the time that its help names."""

    read_per_address: int = setting(
        100, minimum=1, maximum=100_000, help="Reads per minute and address of callers who are not signed in."
    )
    read_per_user: int = setting(600, minimum=1, maximum=100_000, help="Reads per minute and user.")
    write_per_user: int = setting(120, minimum=1, maximum=100_000, help="Writes per minute and user.")
    money_per_user: int = setting(30, minimum=1, maximum=100_000, help="Operations with money per minute and user.")
    auth_per_address: int = setting(30, minimum=1, maximum=100_000, help="Attempts to sign in per minute and address.")
    upload_per_user: int = setting(60, minimum=1, maximum=100_000, help="Uploads per hour and user.")
    export_per_user: int = setting(5, minimum=1, maximum=1000, help="Exports per hour and user.")
    otp_per_phone: int = setting(5, minimum=1, maximum=100, help="Codes per phone in ten minutes.")
    otp_pause_seconds: int = setting(30, minimum=1, maximum=600, help="Seconds between two codes to one phone.")
    otp_per_address: int = setting(30, minimum=1, maximum=10_000, help="Codes per address and hour.")
    otp_per_device: int = setting(20, minimum=1, maximum=10_000, help="Codes per device and day.")
    otp_in_all: int = setting(
        2000, minimum=1, maximum=1_000_000, help="Codes in all per hour: the cap on what they may cost."
    )
