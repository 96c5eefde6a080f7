"""Webhook subscriptions, their secrets and deliveries; whoever only reads sees no secret and no body."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
from khidma.kernel.readers import hide_from_readers


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0002_hidden_columns"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="WebhookSubscription",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("url", models.CharField(max_length=2000, verbose_name="address")),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("gig.created", "Gig Created"),
                                ("gig.closed", "Gig Closed"),
                                ("gig.cancelled", "Gig Cancelled"),
                                ("application.created", "Application Created"),
                                ("application.accepted", "Application Accepted"),
                                ("order.created", "Order Created"),
                                ("order.funded", "Order Funded"),
                                ("order.submitted", "Order Submitted"),
                                ("order.approved", "Order Approved"),
                                ("order.completed", "Order Completed"),
                                ("order.cancelled", "Order Cancelled"),
                                ("payment.captured", "Payment Captured"),
                                ("payment.refunded", "Payment Refunded"),
                                ("payout.processed", "Payout Processed"),
                                ("payout.failed", "Payout Failed"),
                                ("dispute.opened", "Dispute Opened"),
                                ("dispute.resolved", "Dispute Resolved"),
                                ("review.created", "Review Created"),
                            ],
                            max_length=40,
                        ),
                        size=None,
                    ),
                ),
                ("active", models.BooleanField(default=True)),
                ("hears_all", models.BooleanField(default=False)),
                ("last_sequence", models.PositiveBigIntegerField(default=0)),
                ("due_at", models.DateTimeField(null=True)),
                ("not_before", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
                ("failure_count", models.PositiveIntegerField(default=0)),
                ("failing_since", models.DateTimeField(null=True)),
                ("last_success_at", models.DateTimeField(null=True)),
                ("disabled_at", models.DateTimeField(null=True)),
                (
                    "disabled_because",
                    models.CharField(
                        blank=True,
                        choices=[("gone", "The receiver answered 410 Gone"), ("failing", "Nothing was taken for days")],
                        max_length=10,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_subscriptions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook subscription",
                "verbose_name_plural": "webhook subscriptions",
            },
        ),
        migrations.CreateModel(
            name="WebhookSecret",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("sealed_secret", models.TextField()),
                ("signs_until", models.DateTimeField(null=True)),
                (
                    "subscription",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="secrets",
                        to="notifications.webhooksubscription",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook secret",
                "verbose_name_plural": "webhook secrets",
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("event_type", models.CharField(max_length=40)),
                ("event_id", models.UUIDField(default=khidma.kernel.ids.new_id)),
                ("object_id", models.UUIDField(null=True)),
                ("sequence", models.PositiveBigIntegerField()),
                ("body", models.TextField()),
                (
                    "status",
                    models.CharField(
                        choices=[("pending", "On its way"), ("delivered", "Taken"), ("failed", "Given up")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
                ("give_up_at", models.DateTimeField()),
                ("attempted_at", models.DateTimeField(null=True)),
                ("response_status", models.PositiveSmallIntegerField(null=True)),
                ("response_ms", models.PositiveIntegerField(null=True)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("refused_address", "The address is not one we send to"),
                            ("unreachable", "No connection"),
                            ("timeout", "No answer in time"),
                            ("answer", "An answer other than 2xx"),
                            ("disabled", "The subscription was disabled"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="webhook_deliveries",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "subscription",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="notifications.webhooksubscription",
                    ),
                ),
            ],
            options={
                "verbose_name": "webhook delivery",
                "verbose_name_plural": "webhook deliveries",
            },
        ),
        migrations.AddIndex(
            model_name="webhooksubscription",
            index=models.Index(fields=["user", "-id"], name="webhook_subscription_of_user"),
        ),
        migrations.AddIndex(
            model_name="webhooksubscription",
            index=models.Index(
                condition=models.Q(("active", True), ("hears_all", True)),
                fields=["id"],
                name="webhook_subscription_of_all",
            ),
        ),
        migrations.AddIndex(
            model_name="webhooksubscription",
            index=models.Index(
                django.db.models.functions.comparison.Greatest("due_at", "not_before"),
                condition=models.Q(("active", True), ("due_at__isnull", False)),
                name="webhook_subscription_ready",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(("events__len__gt", 0)), name="webhook_subscription_hears_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("disabled_at__isnull", True), ("disabled_because", "")),
                    models.Q(
                        ("active", False),
                        ("disabled_at__isnull", False),
                        models.Q(("disabled_because", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="webhook_subscription_disabled_is_not_active",
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksubscription",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("failing_since__isnull", True), ("failure_count", 0)),
                    models.Q(("failing_since__isnull", False), ("failure_count__gt", 0)),
                    _connector="OR",
                ),
                name="webhook_subscription_failing_since_its_first",
            ),
        ),
        migrations.AddIndex(
            model_name="webhooksecret",
            index=models.Index(
                condition=models.Q(("signs_until__isnull", False)), fields=["signs_until"], name="webhook_secret_ending"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhooksecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("signs_until__isnull", True)),
                fields=("subscription",),
                name="webhook_secret_one_in_use",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["user", "-id"], name="webhook_delivery_of_user"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["subscription", "-id"], name="webhook_delivery_of_subscr"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["subscription", "object_id", "-sequence"], name="webhook_delivery_of_object"),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status", "pending")),
                fields=["subscription", "due_at", "id"],
                name="webhook_delivery_due",
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["give_up_at"], name="webhook_delivery_ending"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(fields=["created_at"], name="webhook_delivery_age"),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("subscription", "event_id"), name="webhook_delivery_once_per_event"
            ),
        ),
        migrations.AddConstraint(
            model_name="webhookdelivery",
            constraint=models.UniqueConstraint(
                fields=("subscription", "sequence"), name="webhook_delivery_one_per_number"
            ),
        ),
        hide_from_readers("notifications_webhooksecret", "sealed_secret"),
        hide_from_readers("notifications_webhookdelivery", "body"),
    ]
