"""The tables of payments: ledger, escrows, payments, withdrawals, and what was said to the gateway."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

import khidma.kernel.clock
import khidma.kernel.ids
import khidma.kernel.money
import khidma.kernel.states


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
        ("kernel", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="Capture",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("gateway_payment_id", models.CharField(max_length=40, unique=True)),
                ("gateway_order_id", models.CharField(blank=True, max_length=40)),
                ("amount", models.BigIntegerField()),
                ("currency", models.CharField(max_length=3)),
                (
                    "use",
                    models.CharField(
                        choices=[
                            ("funded", "Into escrow"),
                            ("refunded", "Promised back: late or surplus"),
                            ("suspense", "Suspense: it matches nothing"),
                        ],
                        max_length=10,
                    ),
                ),
                ("method", models.CharField(blank=True, max_length=20)),
                ("fee", models.BigIntegerField(null=True)),
                ("fee_tax", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Account",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("gateway", "Gateway balance"),
                            ("bank", "Bank"),
                            ("payout_bank", "Payout account"),
                            ("escrow", "Escrow"),
                            ("wallet", "Wallet"),
                            ("refund_pending", "Refund promised"),
                            ("payout_pending", "Withdrawal on its way"),
                            ("receivable", "Owed by a user"),
                            ("suspense", "Suspense"),
                            ("chargeback", "Chargeback"),
                            ("platform_fee", "Commission"),
                            ("gst_payable", "GST on commission"),
                            ("tds_payable", "Tax withheld"),
                            ("tcs_payable", "Tax collected"),
                            ("supply_gst_payable", "GST on supply"),
                            ("gateway_fee", "Gateway fees"),
                            ("payout_fee", "Payout fees"),
                            ("gst_input", "GST paid"),
                            ("loss", "Losses"),
                            ("boost_income", "Boosts"),
                            ("adjustment", "Adjustments"),
                            ("owner", "Owner's money"),
                        ],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("owner_id", models.UUIDField(editable=False, null=True)),
                (
                    "normal_side",
                    models.CharField(choices=[("debit", "Debit"), ("credit", "Credit")], editable=False, max_length=6),
                ),
                ("balance", models.BigIntegerField(default=0, editable=False)),
            ],
            options={
                "indexes": [models.Index(fields=["owner_id"], name="payments_account_owner")],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("kind", "owner_id"), name="payments_account_one_of_each", nulls_distinct=False
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "kind__in",
                                [
                                    "gateway",
                                    "bank",
                                    "payout_bank",
                                    "escrow",
                                    "wallet",
                                    "refund_pending",
                                    "payout_pending",
                                    "receivable",
                                    "suspense",
                                    "chargeback",
                                    "platform_fee",
                                    "gst_payable",
                                    "tds_payable",
                                    "tcs_payable",
                                    "supply_gst_payable",
                                    "gateway_fee",
                                    "payout_fee",
                                    "gst_input",
                                    "loss",
                                    "boost_income",
                                    "adjustment",
                                    "owner",
                                ],
                            )
                        ),
                        name="payments_account_kind_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "kind__in",
                                    [
                                        "gateway",
                                        "bank",
                                        "payout_bank",
                                        "receivable",
                                        "chargeback",
                                        "gateway_fee",
                                        "payout_fee",
                                        "gst_input",
                                        "loss",
                                    ],
                                ),
                                ("normal_side", "debit"),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "kind__in",
                                        [
                                            "gateway",
                                            "bank",
                                            "payout_bank",
                                            "receivable",
                                            "chargeback",
                                            "gateway_fee",
                                            "payout_fee",
                                            "gst_input",
                                            "loss",
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("normal_side", "credit"),
                            ),
                            _connector="OR",
                        ),
                        name="payments_account_side_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "kind__in",
                                    [
                                        "escrow",
                                        "wallet",
                                        "refund_pending",
                                        "payout_pending",
                                        "receivable",
                                        "suspense",
                                        "chargeback",
                                    ],
                                ),
                                ("owner_id__isnull", False),
                            ),
                            models.Q(
                                models.Q(
                                    (
                                        "kind__in",
                                        [
                                            "escrow",
                                            "wallet",
                                            "refund_pending",
                                            "payout_pending",
                                            "receivable",
                                            "suspense",
                                            "chargeback",
                                        ],
                                    ),
                                    _negated=True,
                                ),
                                ("owner_id__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="payments_account_owner_fits",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                (
                                    "kind__in",
                                    [
                                        "escrow",
                                        "wallet",
                                        "refund_pending",
                                        "payout_pending",
                                        "receivable",
                                        "chargeback",
                                    ],
                                ),
                                _negated=True,
                            ),
                            ("balance__gte", 0),
                            _connector="OR",
                        ),
                        name="payments_account_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BankAccount",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("holder_name", models.CharField(max_length=120)),
                ("ifsc", models.CharField(blank=True, max_length=11)),
                ("sealed_number", models.TextField()),
                ("number_index", models.CharField(db_index=True, max_length=64)),
                ("number_last4", models.CharField(blank=True, max_length=4)),
                ("bank_name", models.CharField(blank=True, max_length=100)),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("unverified", "Not verified"),
                            ("verifying", "Being verified"),
                            ("verified", "Verified"),
                            ("failed", "Verification failed"),
                        ],
                        default="unverified",
                        max_length=30,
                    ),
                ),
                ("is_default", models.BooleanField(default=False)),
                ("registered_name", models.CharField(blank=True, max_length=120)),
                ("name_match_score", models.PositiveSmallIntegerField(null=True)),
                ("failure_reason", models.CharField(blank=True, max_length=200)),
                ("gateway_contact_id", models.CharField(blank=True, max_length=40)),
                ("gateway_fund_account_id", models.CharField(blank=True, max_length=40)),
                ("verified_at", models.DateTimeField(null=True)),
                ("removed_at", models.DateTimeField(null=True)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bank_accounts",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Escrow",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("reference", models.UUIDField(editable=False, unique=True)),
                ("amount", khidma.kernel.money.PaiseField()),
                ("commission_bp", models.PositiveIntegerField()),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("awaiting", "Awaits its money"),
                            ("funded", "Funded"),
                            ("decided", "Decided"),
                            ("abandoned", "Abandoned"),
                        ],
                        default="awaiting",
                        max_length=30,
                    ),
                ),
                ("funded_at", models.DateTimeField(null=True)),
                ("decided_at", models.DateTimeField(null=True)),
                ("decision", models.CharField(blank=True, max_length=200)),
                ("payee_gross", models.BigIntegerField(null=True)),
                ("refunded", models.BigIntegerField(null=True)),
                ("platform_fee", models.BigIntegerField(null=True)),
                ("gst", models.BigIntegerField(null=True)),
                ("tds", models.BigIntegerField(null=True)),
                ("payee_net", models.BigIntegerField(null=True)),
                (
                    "funded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escrows",
                        to="payments.capture",
                    ),
                ),
                (
                    "payee",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escrows_earned",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "payer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="escrows_paid",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="GatewayAttempt",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("subject_id", models.UUIDField(editable=False)),
                (
                    "operation",
                    models.CharField(
                        choices=[
                            ("order", "Create an order"),
                            ("capture", "Capture a payment"),
                            ("refund", "Refund"),
                            ("validation", "Penny drop"),
                            ("payout", "Payout"),
                        ],
                        editable=False,
                        max_length=12,
                    ),
                ),
                ("key", models.UUIDField(editable=False, unique=True)),
                ("body", models.JSONField(editable=False)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("started", "Started, outcome unknown"),
                            ("answered", "Answered"),
                            ("refused", "Refused"),
                        ],
                        default="started",
                        max_length=10,
                    ),
                ),
                ("calls", models.PositiveIntegerField(default=0)),
                ("gateway_id", models.CharField(blank=True, max_length=40)),
                ("http_status", models.PositiveSmallIntegerField(null=True)),
                ("reason", models.CharField(blank=True, max_length=300)),
                ("answered_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [models.Index(fields=["subject_id", "operation"], name="payments_attempt_subject")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "started")),
                        fields=("subject_id", "operation"),
                        name="payments_attempt_one_open",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="GatewayEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("endpoint", models.CharField(max_length=20)),
                ("event_id", models.CharField(max_length=64)),
                ("name", models.CharField(blank=True, max_length=80)),
                ("raw", models.BinaryField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("done", "Done"),
                            ("ignored", "Not for us"),
                            ("dead", "Given up"),
                        ],
                        default="pending",
                        max_length=10,
                    ),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                ("due_at", models.DateTimeField(db_default=khidma.kernel.clock.Now())),
                ("done_at", models.DateTimeField(null=True)),
                ("last_error", models.CharField(blank=True, max_length=500)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "pending")), fields=["due_at", "id"], name="payments_event_due"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("endpoint", "event_id"), name="payments_event_once")],
            },
        ),
        migrations.CreateModel(
            name="Payment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "purpose",
                    models.CharField(
                        choices=[("order", "Order"), ("milestone", "Milestone"), ("boost", "Boost")], max_length=10
                    ),
                ),
                ("amount", khidma.kernel.money.PaiseField()),
                ("currency", models.CharField(default="INR", max_length=3)),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("created", "Created"),
                            ("captured", "Captured"),
                            ("failed", "Failed"),
                            ("partially_refunded", "Partially refunded"),
                            ("refunded", "Refunded"),
                        ],
                        default="created",
                        max_length=30,
                    ),
                ),
                ("gateway_order_id", models.CharField(max_length=40, null=True, unique=True)),
                ("gateway_payment_id", models.CharField(blank=True, db_index=True, max_length=40)),
                ("method", models.CharField(blank=True, max_length=20)),
                ("failure_reason", models.CharField(blank=True, max_length=200)),
                ("captured_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                (
                    "payer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="payments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="capture",
            name="payment",
            field=models.ForeignKey(
                null=True, on_delete=django.db.models.deletion.PROTECT, related_name="captures", to="payments.payment"
            ),
        ),
        migrations.CreateModel(
            name="PaymentItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("amount", khidma.kernel.money.PaiseField()),
                (
                    "escrow",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payment_items", to="payments.escrow"
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="items", to="payments.payment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Payout",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("amount", khidma.kernel.money.PaiseField()),
                (
                    "mode",
                    models.CharField(
                        choices=[("IMPS", "IMPS"), ("NEFT", "NEFT"), ("RTGS", "RTGS"), ("UPI", "UPI")], max_length=4
                    ),
                ),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("requested", "Requested"),
                            ("held", "Held"),
                            ("queued", "Queued"),
                            ("processing", "Processing"),
                            ("processed", "Processed"),
                            ("failed", "Failed"),
                            ("reversed", "Reversed"),
                            ("cancelled", "Cancelled"),
                            ("rejected", "Rejected"),
                        ],
                        default="requested",
                        max_length=30,
                    ),
                ),
                ("gateway_payout_id", models.CharField(max_length=40, null=True, unique=True)),
                ("fee", models.BigIntegerField(null=True)),
                ("fee_tax", models.BigIntegerField(null=True)),
                ("utr", models.CharField(blank=True, max_length=60)),
                ("failure_reason", models.CharField(blank=True, max_length=200)),
                ("sent_at", models.DateTimeField(null=True)),
                ("processed_at", models.DateTimeField(null=True)),
                ("returned_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                (
                    "bank_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payouts", to="payments.bankaccount"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="payouts", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Refund",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                ("amount", khidma.kernel.money.PaiseField()),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("late", "The payment came too late"),
                            ("surplus", "Paid twice"),
                            ("decision", "Decided"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[
                            ("promised", "Promised"),
                            ("sent", "Sent"),
                            ("waiting_funds", "Waits for balance at the gateway"),
                            ("processed", "Processed"),
                            ("failed", "Failed"),
                        ],
                        default="promised",
                        max_length=30,
                    ),
                ),
                ("gateway_refund_id", models.CharField(max_length=40, null=True, unique=True)),
                ("failure_reason", models.CharField(blank=True, max_length=200)),
                ("processed_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                (
                    "capture",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="payments.capture"
                    ),
                ),
                (
                    "escrow",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="refunds",
                        to="payments.escrow",
                    ),
                ),
                (
                    "payment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="refunds", to="payments.payment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                ("id", models.UUIDField(editable=False, primary_key=True, serialize=False)),
                ("key", models.CharField(editable=False, max_length=120, unique=True)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("capture", "Payment captured"),
                            ("suspense", "Suspense decided"),
                            ("gateway_fee", "Gateway fee"),
                            ("settle", "Escrow decided"),
                            ("refund", "Refund promised"),
                            ("refund_done", "Refund processed"),
                            ("refund_back", "Refund came back"),
                            ("refund_payout", "Refund paid by bank"),
                            ("foreign_refund", "Refund from outside"),
                            ("return", "Return after release"),
                            ("chargeback", "Chargeback"),
                            ("payout", "Withdrawal asked"),
                            ("payout_done", "Withdrawal processed"),
                            ("payout_fee", "Payout fee"),
                            ("payout_returned", "Withdrawal came back"),
                            ("check", "Penny drop"),
                            ("settlement", "Settlement"),
                            ("move", "Own money moved"),
                            ("remit", "Tax remitted"),
                            ("write_off", "Debt written off"),
                            ("adjustment", "Adjustment"),
                        ],
                        editable=False,
                        max_length=20,
                    ),
                ),
                ("reference", models.UUIDField(editable=False, null=True)),
                ("note", models.CharField(blank=True, editable=False, max_length=200)),
                ("content", models.BinaryField()),
                ("entry_count", models.PositiveSmallIntegerField(editable=False)),
                ("at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "reverses",
                    models.OneToOneField(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reversed_by",
                        to="payments.transfer",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("amount", models.BigIntegerField(editable=False)),
                (
                    "account",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.account",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="entries",
                        to="payments.transfer",
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "entries",
            },
        ),
        migrations.CreateModel(
            name="Validation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=khidma.kernel.ids.new_id, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), editable=False)),
                (
                    "status",
                    khidma.kernel.states.StateField(
                        choices=[("created", "Created"), ("completed", "Completed"), ("failed", "Failed")],
                        default="created",
                        max_length=30,
                    ),
                ),
                ("gateway_validation_id", models.CharField(max_length=40, null=True, unique=True)),
                ("account_status", models.CharField(blank=True, max_length=20)),
                ("reason", models.CharField(blank=True, max_length=200)),
                ("finished_at", models.DateTimeField(null=True)),
                ("look_at", models.DateTimeField(db_default=khidma.kernel.clock.Now(), null=True)),
                ("looks", models.PositiveIntegerField(default=0)),
                (
                    "bank_account",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="validations",
                        to="payments.bankaccount",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("removed_at__isnull", True)),
                fields=("user", "number_index"),
                name="payments_bank_account_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="bankaccount",
            constraint=models.UniqueConstraint(
                condition=models.Q(("is_default", True), ("removed_at__isnull", True)),
                fields=("user",),
                name="payments_bank_account_one_default",
            ),
        ),
        migrations.AddIndex(
            model_name="escrow",
            index=models.Index(fields=["payee", "status"], name="payments_escrow_payee"),
        ),
        migrations.AddIndex(
            model_name="escrow",
            index=models.Index(fields=["payer", "status"], name="payments_escrow_payer"),
        ),
        migrations.AddConstraint(
            model_name="escrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 1), ("amount__lte", 1000000000)), name="payments_escrow_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="escrow",
            constraint=models.CheckConstraint(
                condition=models.Q(("commission_bp__lte", 10000)), name="payments_escrow_commission"
            ),
        ),
        migrations.AddConstraint(
            model_name="escrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status__in", ["awaiting", "abandoned"]),
                    models.Q(("funded_at__isnull", False), ("funded_by__isnull", False)),
                    _connector="OR",
                ),
                name="payments_escrow_funded_by",
            ),
        ),
        migrations.AddConstraint(
            model_name="escrow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status", "decided"), _negated=True),
                    models.Q(
                        ("payee_gross__gte", 0),
                        (
                            "payee_gross__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("amount"), "-", models.F("refunded")
                            ),
                        ),
                        ("refunded__gte", 0),
                    ),
                    _connector="OR",
                ),
                name="payments_escrow_decided_within",
            ),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(fields=["payer", "-id"], name="payments_payment_payer"),
        ),
        migrations.AddIndex(
            model_name="payment",
            index=models.Index(
                condition=models.Q(("look_at__isnull", False)), fields=["look_at"], name="payments_payment_look"
            ),
        ),
        migrations.AddConstraint(
            model_name="payment",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 100), ("amount__lte", 1000000000)), name="payments_payment_amount"
            ),
        ),
        migrations.AddConstraint(
            model_name="capture",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 1)), name="payments_capture_amount"),
        ),
        migrations.AddConstraint(
            model_name="capture",
            constraint=models.UniqueConstraint(
                condition=models.Q(("use", "funded")), fields=("payment",), name="payments_capture_funds_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="paymentitem",
            constraint=models.UniqueConstraint(fields=("payment", "escrow"), name="payments_item_once"),
        ),
        migrations.AddConstraint(
            model_name="paymentitem",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 1)), name="payments_item_amount"),
        ),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(fields=["user", "-id"], name="payments_payout_user"),
        ),
        migrations.AddIndex(
            model_name="payout",
            index=models.Index(
                condition=models.Q(("look_at__isnull", False)), fields=["look_at"], name="payments_payout_look"
            ),
        ),
        migrations.AddConstraint(
            model_name="payout",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gte", 1), ("amount__lte", 1000000000)), name="payments_payout_amount"
            ),
        ),
        migrations.AddIndex(
            model_name="refund",
            index=models.Index(
                condition=models.Q(("look_at__isnull", False)), fields=["look_at"], name="payments_refund_look"
            ),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.CheckConstraint(condition=models.Q(("amount__gte", 1)), name="payments_refund_amount"),
        ),
        migrations.AddConstraint(
            model_name="refund",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reason", "decision")), fields=("escrow",), name="payments_refund_decided_once"
            ),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["reference"], name="payments_transfer_reference"),
        ),
        migrations.AddIndex(
            model_name="transfer",
            index=models.Index(fields=["kind", "at"], name="payments_transfer_kind_at"),
        ),
        migrations.AddConstraint(
            model_name="transfer",
            constraint=models.CheckConstraint(
                condition=models.Q(("entry_count__gte", 2)), name="payments_transfer_two_entries"
            ),
        ),
        migrations.AddIndex(
            model_name="entry",
            index=models.Index(fields=["account", "id"], name="payments_entry_history"),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount", 0), _negated=True), name="payments_entry_not_zero"
            ),
        ),
        migrations.AddConstraint(
            model_name="entry",
            constraint=models.UniqueConstraint(fields=("transfer", "account"), name="payments_entry_one_per_account"),
        ),
        migrations.AddIndex(
            model_name="validation",
            index=models.Index(
                condition=models.Q(("look_at__isnull", False)), fields=["look_at"], name="payments_validation_look"
            ),
        ),
        migrations.AddConstraint(
            model_name="validation",
            constraint=models.UniqueConstraint(
                condition=models.Q(("status", "created")), fields=("bank_account",), name="payments_validation_one_open"
            ),
        ),
    ]
