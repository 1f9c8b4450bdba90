"""The groups viewer, operator and admin, with the permissions of each."""

from django.db import migrations

ROLES = {
    "viewer": ("read",),
    "operator": ("read", "operate"),
    "admin": ("read", "operate", "administer"),
}
LABELS = {
    "read": "Can read executions",
    "operate": "Can signal, query, update, cancel and reset",
    "administer": "Can terminate, run batches and read the whole audit",
}


def make_groups(apps, schema_editor):
    # Django makes permissions only after all migrations; the groups need theirs now.
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="executions", model="actionrequested"
    )
    permission = apps.get_model("auth", "Permission")
    made = {
        codename: permission.objects.get_or_create(
            codename=codename, content_type=content_type, defaults={"name": label}
        )[0]
        for codename, label in LABELS.items()
    }
    for name, codenames in ROLES.items():
        group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        group.permissions.add(*(made[codename] for codename in codenames))


class Migration(migrations.Migration):
    dependencies = [
        ("executions", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [migrations.RunPython(make_groups, migrations.RunPython.noop)]
