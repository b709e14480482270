from checkin_project.platform.importcommand import ImportCommand


class Command(ImportCommand):
    help = "Import the lists of runs: people by name, one event a day. Repeats change nothing."
    kind_name = "runner"
