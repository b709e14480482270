from checkin_project.platform.importcommand import ImportCommand


class Command(ImportCommand):
    help = "Import events, members and who came from one joined CSV file. Repeats change nothing."
    kind_name = "databrowser"
