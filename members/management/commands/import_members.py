from checkin_project.platform.importcommand import ImportCommand


class Command(ImportCommand):
    help = "Import members from a CSV file of any generation. Blank cells never overwrite; repeats change nothing."
    kind_name = "members"
