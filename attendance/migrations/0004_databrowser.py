"""What the data browser knows of its materialised view. The view itself is made when it is first asked for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("attendance", "0003_code_sessions")]

    operations = [
        migrations.CreateModel(
            name='BrowserRow',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('event_id', models.BigIntegerField()),
                ('event_code', models.TextField()),
                ('event_legacy_id', models.TextField(null=True)),
                ('event_name', models.TextField()),
                ('event_starts_at', models.DateTimeField()),
                ('event_timezone', models.TextField()),
                ('event_location', models.TextField()),
                ('group_name', models.TextField(null=True)),
                ('member_id', models.BigIntegerField(null=True)),
                ('member_legacy_id', models.TextField(null=True)),
                ('first_name', models.TextField(null=True)),
                ('last_name', models.TextField(null=True)),
                ('classification', models.TextField(null=True)),
                ('major', models.TextField(null=True)),
                ('student_email', models.TextField(null=True)),
                ('personal_email', models.TextField(null=True)),
                ('v_number', models.TextField(null=True)),
                ('guest_name', models.TextField()),
                ('guest_key', models.TextField()),
                ('state', models.TextField()),
                ('registration', models.TextField()),
                ('registered_at', models.DateTimeField(null=True)),
                ('registered_party_size', models.SmallIntegerField()),
                ('checked_in_at', models.DateTimeField(null=True)),
                ('checked_out_at', models.DateTimeField(null=True)),
                ('method', models.TextField()),
                ('is_walk_in', models.BooleanField()),
                ('party_size', models.SmallIntegerField()),
                ('scan_count', models.IntegerField()),
                ('note', models.TextField()),
            ],
            options={
                'db_table': 'databrowser',
                'managed': False,
            },
        ),
        migrations.CreateModel(
            name='BrowserRefresh',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('refreshed_at', models.DateTimeField(null=True)),
                ('seconds', models.FloatField(default=0)),
                ('rows', models.PositiveIntegerField(default=0)),
                ('writes', models.BigIntegerField(default=-1)),
                ('seen', models.BigIntegerField(default=-1)),
                ('seen_at', models.DateTimeField(null=True)),
            ],
            options={
                'db_table': 'databrowser_refresh',
            },
        ),
        migrations.AddConstraint(
            model_name='browserrefresh',
            constraint=models.CheckConstraint(condition=models.Q(('id', 1)), name='databrowser_refresh_one_row'),
        ),
    ]
