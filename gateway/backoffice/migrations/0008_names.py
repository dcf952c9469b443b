"""What people read of two tables: nothing changes in the database."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("backoffice", "0007_notes_are_redacted")]

    operations = [
        migrations.AlterModelOptions(
            name="handled",
            options={
                "permissions": [
                    ("ask_provider", "Can have the provider asked at once, and a payout tried again at once"),
                    ("set_letter_aside", "Can set aside letters that the provider does not confirm"),
                    ("judge_screenshot", "Can say what to think of a suspicious screenshot"),
                ],
                "verbose_name": "action in a queue",
                "verbose_name_plural": "actions in queues",
            },
        ),
        migrations.AlterModelOptions(
            name="look",
            options={
                "ordering": ["-id"],
                "permissions": [("see_personal_data", "Can see personal data; each look is recorded")],
                "verbose_name": "look at personal data",
                "verbose_name_plural": "looks at personal data",
            },
        ),
    ]
