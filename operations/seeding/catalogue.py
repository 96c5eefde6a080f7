"""The gigs of the demo data: two for each category, their skills, and zones in three cities."""

from accounts import services as accounts
from accounts.models import Zone

Gig = tuple[str, str, str, int, int, list[str]]

GIGS: list[Gig] = [
    ("design", "Logo for a tea stall", "A simple logo in two colours for the sign, the cups and a small menu.", 150_000, 300_000, ["Illustrator", "Logo design"]),
    ("design", "Wedding invitation card", "A card in Hindi and English with a floral border, ready for print.", 100_000, 250_000, ["Photoshop"]),
    ("writing", "Product descriptions for handmade soaps", "Thirty short descriptions, plain and honest English.", 120_000, 200_000, ["Copywriting"]),
    ("writing", "Translate a school brochure into Hindi", "Twelve pages from English into good Hindi.", 200_000, 350_000, ["Hindi", "Translation"]),
    ("programming", "Website for a dental clinic", "Five pages with opening hours, a map and a form to ask for a date.", 800_000, 1_500_000, ["HTML", "Python"]),
    ("programming", "Fix a slow spreadsheet", "A stock list of 20 000 rows with formulas that take a minute.", 80_000, 150_000, ["Excel"]),
    ("tutoring", "Mathematics for class 10, board syllabus", "Two hours on Saturdays until the exams in March.", 400_000, 700_000, ["Mathematics"]),
    ("tutoring", "Spoken English for a shop owner", "Conversation practice, online in the evening.", 200_000, 400_000, ["English"]),
    ("video", "Edit a college festival film", "Three hours of footage into a film of four minutes with titles.", 300_000, 600_000, ["Premiere Pro"]),
    ("video", "Subtitles for five cooking videos", "Hindi speech, English subtitles, ten minutes each.", 100_000, 180_000, ["Subtitling"]),
    ("marketing", "Instagram posts for a bakery", "Twelve posts with texts for the festival month.", 250_000, 450_000, ["Social media"]),
    ("marketing", "Flyer campaign for a gym", "Plan and texts for a neighbourhood campaign.", 150_000, 250_000, ["Copywriting"]),
    ("data", "Type 400 handwritten forms into a sheet", "Scans are clear; names and amounts only.", 200_000, 300_000, ["Data entry", "Excel"]),
    ("data", "Survey results as charts", "Two hundred answers, ten charts and one page of findings.", 180_000, 320_000, ["Statistics"]),
    ("events", "Help at a birthday party", "Set up, games for twenty children, clear up.", 150_000, 250_000, ["Hosting"]),
    ("events", "Registration desk at a seminar", "One day, friendly, Hindi and English.", 120_000, 180_000, ["Hindi", "English"]),
    ("delivery", "Carry documents across the city", "One envelope, today, to a lawyer's office.", 30_000, 60_000, ["Two-wheeler"]),
    ("delivery", "Deliver twenty lunch boxes", "Between twelve and one, all within four kilometres.", 60_000, 100_000, ["Two-wheeler"]),
    ("cleaning", "Deep clean a two-room flat", "Kitchen, bath, windows; materials are there.", 150_000, 250_000, ["Cleaning"]),
    ("cleaning", "Clean a small office every Sunday", "Four Sundays, about three hours each.", 240_000, 360_000, ["Cleaning"]),
    ("repairs", "Mend a leaking kitchen tap", "The tap drips and the cupboard below is wet.", 40_000, 90_000, ["Plumbing"]),
    ("repairs", "Put up three shelves", "Brick wall, shelves and screws are there.", 50_000, 100_000, ["Carpentry"]),
    ("photography", "Photographs of forty products", "White background, small items, edited.", 300_000, 500_000, ["Product photography"]),
    ("photography", "Portraits for a graduation", "Two hours on campus, twenty edited pictures.", 200_000, 400_000, ["Portraits"]),
]  # fmt: skip

CITIES = [("Bengaluru", 12.9716, 77.5946), ("Pune", 18.5204, 73.8567), ("Delhi", 28.6139, 77.2090)]
HALF_ZONE_DEGREES = 0.06


def seed_zones() -> None:
    """A zone in the middle of each of the three cities."""
    for city, latitude, longitude in CITIES:
        if not Zone.objects.filter(city=city, name=f"{city} Central").exists():
            accounts.add_zone(name=f"{city} Central", city=city, boundary=_box(latitude, longitude))


def seed_skills() -> None:
    """Every skill that the gigs ask for, so that the list of skills has something to offer."""
    accounts.ensure_skills(names=sorted({name for *_, skills in GIGS for name in skills}))


def _box(latitude: float, longitude: float) -> dict[str, object]:
    south, north = latitude - HALF_ZONE_DEGREES, latitude + HALF_ZONE_DEGREES
    west, east = longitude - HALF_ZONE_DEGREES, longitude + HALF_ZONE_DEGREES
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }
