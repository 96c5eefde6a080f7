"""The category tree that Khidma ships, with English and Hindi names."""

ON_SITE_TOO = frozenset({"tutoring", "events", "delivery", "cleaning", "repairs", "photography"})

TREE: tuple[tuple[str, tuple[str, str], tuple[tuple[str, str], ...]], ...] = (
    (
        "design",
        ("Design", "डिज़ाइन"),
        (
            ("Logos", "लोगो"),
            ("Posters", "पोस्टर"),
            ("Presentations", "प्रस्तुति"),
            ("User interfaces", "यूज़र इंटरफ़ेस"),
            ("Illustration", "चित्रांकन"),
        ),
    ),
    (
        "writing",
        ("Writing", "लेखन"),
        (
            ("Articles", "लेख"),
            ("Translation", "अनुवाद"),
            ("Proofreading", "प्रूफ़ रीडिंग"),
            ("Resumes", "बायोडाटा"),
            ("Transcription", "लिप्यंतरण"),
        ),
    ),
    (
        "programming",
        ("Programming", "प्रोग्रामिंग"),
        (
            ("Websites", "वेबसाइट"),
            ("Mobile apps", "मोबाइल ऐप"),
            ("Scripts", "स्क्रिप्ट"),
            ("Bug fixing", "बग सुधार"),
            ("Databases", "डेटाबेस"),
        ),
    ),
    (
        "tutoring",
        ("Tutoring", "ट्यूशन"),
        (
            ("Mathematics", "गणित"),
            ("Science", "विज्ञान"),
            ("Languages", "भाषाएँ"),
            ("Music", "संगीत"),
            ("Exam preparation", "परीक्षा की तैयारी"),
        ),
    ),
    (
        "video",
        ("Video", "वीडियो"),
        (("Editing", "संपादन"), ("Animation", "एनिमेशन"), ("Subtitles", "उपशीर्षक"), ("Short videos", "छोटे वीडियो")),
    ),
    (
        "marketing",
        ("Marketing", "मार्केटिंग"),
        (
            ("Social media", "सोशल मीडिया"),
            ("Search engines", "सर्च इंजन"),
            ("E-mail campaigns", "ई-मेल अभियान"),
            ("Market research", "बाज़ार शोध"),
        ),
    ),
    (
        "data",
        ("Data", "डेटा"),
        (("Data entry", "डेटा एंट्री"), ("Spreadsheets", "स्प्रेडशीट"), ("Analysis", "विश्लेषण"), ("Surveys", "सर्वेक्षण")),
    ),
    (
        "events",
        ("Events", "आयोजन"),
        (
            ("Hosts", "मेज़बान"),
            ("Catering help", "खानपान सहायता"),
            ("Decoration", "सजावट"),
            ("Registration desks", "पंजीकरण डेस्क"),
        ),
    ),
    (
        "delivery",
        ("Delivery", "डिलीवरी"),
        (("Parcels", "पार्सल"), ("Groceries", "किराना"), ("Documents", "दस्तावेज़"), ("Moving help", "सामान ढुलाई")),
    ),
    (
        "cleaning",
        ("Cleaning", "सफ़ाई"),
        (("Homes", "घर"), ("Offices", "कार्यालय"), ("Kitchens", "रसोई"), ("Laundry", "कपड़े धुलाई")),
    ),
    (
        "repairs",
        ("Repairs", "मरम्मत"),
        (
            ("Electrical", "बिजली"),
            ("Plumbing", "नलसाज़ी"),
            ("Computers", "कंप्यूटर"),
            ("Furniture", "फ़र्नीचर"),
            ("Bicycles", "साइकिल"),
        ),
    ),
    (
        "photography",
        ("Photography", "फ़ोटोग्राफ़ी"),
        (
            ("Portraits", "पोर्ट्रेट"),
            ("Event photos", "आयोजन के फ़ोटो"),
            ("Product photos", "उत्पाद के फ़ोटो"),
            ("Photo retouching", "फ़ोटो सुधार"),
        ),
    ),
)
