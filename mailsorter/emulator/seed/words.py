"""Invented people, firms and sentences for the synthetic consultancy: all made up, all domains are .example."""

from __future__ import annotations

FIRST_NAMES = (
    *(
        "Jan",
        "Piet",
        "Kees",
        "Sanne",
        "Femke",
        "Daan",
        "Lotte",
        "Bram",
        "Iris",
        "Ruben",
        "Noor",
        "Thijs",
        "Eva",
        "Lars",
    ),
    *(
        "Maud",
        "Gijs",
        "Yara",
        "Stijn",
        "Fleur",
        "Joris",
        "Aisha",
        "Mehmet",
        "Fatima",
        "Chen",
        "Olga",
        "Emily",
        "Oliver",
    ),
    *("Charlotte", "William", "Grace", "Henry", "Sophie", "Jack", "Amelia", "George", "Wei", "Zoë", "Renée", "Jürgen"),
)
LAST_NAMES = (
    *("de Vries", "van den Berg", "Bakker", "Visser", "Smit", "Meijer", "de Boer", "Mulder", "Bos", "Vos", "Peters"),
    *("Hendriks", "van Leeuwen", "Dekker", "Brouwer", "de Wit", "Dijkstra", "Smits", "de Graaf", "van der Meer", "Kok"),
    *("Jacobs", "Vermeulen", "van der Linden", "Yılmaz", "Öztürk", "El Amrani", "Zhang", "Kowalska", "O'Neil", "Hall"),
    *("Walker", "Turner", "Bennett", "Foster", "Hughes", "Murphy", "Reed", "Schröder"),
)
TRADES = (
    *(
        "Bakkerij",
        "Installatietechniek",
        "Vastgoed",
        "Logistiek",
        "Tuinbouw",
        "Accountants",
        "Architecten",
        "Zorggroep",
    ),
    *("Machinebouw", "Verzekeringen", "Transport", "Drukkerij", "Horeca", "Software", "Bouwgroep", "Textiel", "Metaal"),
    *("Notariaat", "Makelaardij", "Scheepvaart", "Energie", "Zuivel", "Kwekerij", "Onderwijs", "Engineering", "Foods"),
)
NAMES = (
    *(
        "Zonneveld",
        "Kaaphoorn",
        "Waterlinie",
        "Oosterlicht",
        "Molenaar",
        "Havikhorst",
        "Blauwborg",
        "Veenstra",
        "Kromhout",
    ),
    *(
        "Noordster",
        "Lindehof",
        "Maasoever",
        "Duinrand",
        "Eikenburg",
        "Vlietzicht",
        "Roodhart",
        "Zilverberg",
        "Ravenstein",
    ),
    *("Hollandia", "Wijngaard", "Steenwijk", "Kasteelen", "Zeeuwsch", "Fortuna", "Brightwater", "Ashford", "Larkfield"),
    *("Northgate", "Silverline", "Oakridge", "Westbrook", "Kingsley", "Harrowby", "Fairmont", "Bluestone", "Thornbury"),
)
NL_SUBJECTS = (
    *("Vraag over de jaarrekening", "Planning workshop", "Concept adviesrapport", "Afspraak volgende week"),
    *(
        "Opvolging van ons gesprek",
        "Aanlevering gegevens",
        "Notulen overleg",
        "Verlenging overeenkomst",
        "Terugkoppeling",
    ),
    *(
        "Voortgang project",
        "Stand van zaken",
        "Documenten voor de audit",
        "Reactie op uw voorstel",
        "Nieuwe contactpersoon",
    ),
)
EN_SUBJECTS = (
    *("Question about the annual report", "Planning the workshop", "Draft advice", "Meeting next week", "Follow-up"),
    *("Data delivery", "Minutes of our call", "Contract extension", "Feedback on the draft", "Project status"),
    *("Documents for the audit", "Your proposal", "New contact person", "Next steps"),
)
NL_SENTENCES = (
    *("Zouden jullie hier voor vrijdag naar kunnen kijken?", "Bijgaand vind je de gevraagde stukken."),
    *("We hebben intern overlegd en willen graag door met het voorstel.", "Kun je mij hierover bellen?"),
    *("De planning schuift helaas een week op.", "Dank voor de snelle reactie.", "Ik hoor graag van je."),
    *("Wat ons betreft kan het rapport zo definitief worden.", "Er staat nog een fout in bijlage twee."),
    *("Dinsdag om tien uur komt ons goed uit.", "Mijn collega sluit ook aan.", "Het budget is inmiddels akkoord."),
)
EN_SENTENCES = (
    *("Could you have a look at this before Friday?", "Please find the requested documents attached."),
    *("We discussed it internally and would like to go ahead.", "Could you give me a call about this?"),
    *("The planning has slipped by a week, sorry.", "Thanks for the quick answer.", "Looking forward to your reply."),
    *("As far as we are concerned the report can be final.", "There is still a mistake in appendix two."),
    *("Tuesday at ten suits us well.", "My colleague will join.", "The budget has been approved."),
)
NEWSLETTERS = (
    ("Vakblad Advies", "nieuwsbrief@vakblad-advies.example", "Deze week in Vakblad Advies"),
    ("Softwarehuis Kiek", "news@mail.kiek-software.example", "What's new in Kiek"),
    ("Branchevereniging", "info@adviesbranche.example", "Uitnodiging ledendag"),
    ("Reisbureau Verweg", "aanbiedingen@verweg.example", "Last minutes voor het najaar"),
)
PRIVATE_SUBJECTS = ("Verjaardag mama", "Zaterdag voetbal", "Dinner on Friday?", "Foto's vakantie", "Oppas donderdag")
INTERNAL_SUBJECTS = (
    *("Lunch vrijdag", "Vakantieplanning", "Urenregistratie", "Nieuwe laptops", "Teamdag", "Wie heeft de sleutel?"),
    *("Roster next month", "Printer on the second floor", "Intervisie"),
)
