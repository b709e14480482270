from checkin_project.platform.importcommand import ImportCommand


class Command(ImportCommand):
    help = "Import who came from a CSV file of any generation. Repeats change nothing."
    kind_name = "attendance"
