"""What the two sides of a completed order say of each other."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids


class Migration(migrations.Migration):
    dependencies = [
        ("orders", "0007_boosts"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("rating", models.PositiveSmallIntegerField(verbose_name="rating")),
                (
                    "tags",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=40),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="tags",
                    ),
                ),
                ("comment", models.TextField(blank=True, verbose_name="comment")),
                ("due_at", models.DateTimeField(verbose_name="shown at the latest")),
                ("shown_at", models.DateTimeField(null=True, verbose_name="shown since")),
                ("reply", models.TextField(blank=True, verbose_name="reply")),
                ("replied_at", models.DateTimeField(null=True, verbose_name="replied at")),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews_written",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="orders.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "reviewed",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews_received",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reviewed",
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
                "indexes": [
                    models.Index(
                        condition=models.Q(("shown_at__isnull", False)),
                        fields=["reviewed", "-id"],
                        name="orders_reviews_received",
                    ),
                    models.Index(
                        condition=models.Q(("shown_at__isnull", True)), fields=["due_at"], name="orders_reviews_due"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "author"), name="orders_review_once"),
                    models.CheckConstraint(
                        condition=models.Q(("rating__gte", 1), ("rating__lte", 5)), name="orders_review_rating"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("author", models.F("reviewed")), _negated=True),
                        name="orders_review_of_another",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("replied_at__isnull", True), ("reply", "")),
                            models.Q(("replied_at__isnull", False), models.Q(("reply", ""), _negated=True)),
                            _connector="OR",
                        ),
                        name="orders_review_replied_at",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("replied_at__isnull", True), ("shown_at__isnull", False), _connector="OR"),
                        name="orders_review_reply_is_shown",
                    ),
                ],
            },
        ),
    ]
