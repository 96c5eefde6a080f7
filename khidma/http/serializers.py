"""The base of every body, answer and query: snake_case in Python, camelCase on the wire, nothing unknown let in."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import models
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.fields import SkipField, empty, get_error_detail

from khidma.http import fields
from khidma.http.text import camel
from khidma.kernel.money import PaiseField

AnyField = serializers.Field[Any, Any, Any, Any]
NOT_ABOUT_ONE_FIELD = "body"
UNKNOWN_FIELDS_NAMED = 20


class _CamelCase(serializers.Serializer[Any]):
    """Renames fields on their way in, so that DRF itself reads, writes, reports and documents camelCase."""

    reads_text = False
    default_error_messages = {"invalid": _("Must be an object.")}

    def get_fields(self) -> dict[str, AnyField]:
        renamed: dict[str, AnyField] = {}
        for name, field in super().get_fields().items():
            wire = camel(name)
            if isinstance(field, serializers.SerializerMethodField):
                field.method_name = field.method_name or f"get_{name}"
            elif wire != name and field.source is None:
                field.source = name
            field.python_name = name  # type: ignore[attr-defined]
            renamed[wire] = field
        return renamed

    def run_validation(self, data: Any = empty) -> Any:
        is_empty, data = self.validate_empty_values(data)
        if is_empty:
            return data
        value = self.to_internal_value(data)
        try:
            self.run_validators(value)
            return self.validate(value)
        except (ValidationError, DjangoValidationError) as error:
            raise ValidationError(_by_wire_name(error)) from error

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        if not isinstance(data, Mapping):
            raise ValidationError({NOT_ABOUT_ONE_FIELD: [self.error_messages["invalid"]]})
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {} if self.reads_text else self._unknown(data)
        for field in self._writable_fields:
            try:
                self.set_value(values, field.source_attrs, self._read(field, data))
            except SkipField:
                continue
            except ValidationError as error:
                errors[str(field.field_name)] = error.detail
            except DjangoValidationError as error:
                errors[str(field.field_name)] = get_error_detail(error)
        if errors:
            raise ValidationError(errors)
        return values

    def _read(self, field: Any, data: Any) -> Any:
        value = field.run_validation(field.get_value(data))
        check = getattr(self, f"validate_{field.python_name}", None)
        return check(value) if check is not None else value

    def _unknown(self, data: Mapping[str, Any]) -> dict[str, Any]:
        known = {field.field_name for field in self._writable_fields}
        unknown = [name for name in data if name not in known][:UNKNOWN_FIELDS_NAMED]
        return {name[:100]: [_("There is no such field.")] for name in unknown}


def _by_wire_name(error: ValidationError | DjangoValidationError) -> dict[str, Any]:
    """What `validate()` found wrong, under the names that the caller knows."""
    detail = get_error_detail(error) if isinstance(error, DjangoValidationError) else error.detail
    if not isinstance(detail, dict):
        return {NOT_ABOUT_ONE_FIELD: detail if isinstance(detail, list) else [detail]}
    return {
        camel(str(name)): reasons if isinstance(reasons, list | dict) else [reasons] for name, reasons in detail.items()
    }


class Serializer(_CamelCase):
    """A body or an answer whose fields are written out."""


class OneOf(Serializer):
    """An answer of one of several shapes, chosen by the type of what is answered; those in `lists` come as lists."""

    shapes: ClassVar[Mapping[type, type[Serializer]]]
    lists: ClassVar[frozenset[type]] = frozenset()

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return dict(self.shapes[type(instance)](instance, context=self.context).data)


class ModelSerializer(_CamelCase, serializers.ModelSerializer[Any]):
    """An answer (seldom a body) whose fields come from a model: `Meta.fields` names them, in snake_case."""

    serializer_field_mapping = {
        **serializers.ModelSerializer.serializer_field_mapping,
        models.CharField: fields.Text,
        models.TextField: fields.Text,
        models.SlugField: fields.Text,
        models.BigIntegerField: fields.Integer,
        models.IntegerField: fields.Integer,
        models.SmallIntegerField: fields.Integer,
        models.PositiveIntegerField: fields.Integer,
        models.PositiveSmallIntegerField: fields.Integer,
        models.PositiveBigIntegerField: fields.Integer,
        models.FloatField: fields.Number,
        models.BooleanField: fields.Flag,
        models.DateTimeField: fields.Moment,
        models.DateField: fields.Day,
        models.UUIDField: fields.Id,
        PaiseField: fields.Paise,
    }
    serializer_choice_field = fields.Choice

    def build_standard_field(self, field_name: str, model_field: Any) -> tuple[type[AnyField], dict[str, Any]]:
        if isinstance(model_field, ArrayField):
            child_class, child_options = super().build_standard_field(field_name, model_field.base_field)
            return fields.ListOf, {"child": child_class(**child_options)}
        field_class, options = super().build_standard_field(field_name, model_field)
        options.pop("format", None)
        return field_class, options

    def get_unique_together_validators(self) -> list[Any]:
        """None: the services and the constraints below them decide what may exist twice."""
        return []

    def get_unique_for_date_validators(self) -> list[Any]:
        return []


class Query(_CamelCase):
    """The query parameters of a list: read from text, the last of several counts, unknown and empty ones do not."""

    reads_text = True

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        return super().to_internal_value(last_values(data) if isinstance(data, QueryDict) else data)


def last_values(parameters: QueryDict) -> dict[str, str]:
    """The last value of each query parameter that has one."""
    return {name: str(values[-1]) for name, values in parameters.lists() if values and values[-1] != ""}


def flat_errors(detail: Any, prefix: str = "") -> dict[str, list[str]]:
    """Nested errors as one object of lists of sentences: `milestones.0.amount` → what is wrong with it."""
    if isinstance(detail, Mapping):
        children = [(str(name), value) for name, value in detail.items()]
    elif isinstance(detail, list) and any(isinstance(item, Mapping | list) for item in detail):
        children = [(str(index), value) for index, value in enumerate(detail) if value]
    else:
        sentences = detail if isinstance(detail, list) else [detail]
        return {prefix or NOT_ABOUT_ONE_FIELD: [str(sentence) for sentence in sentences]}
    found: dict[str, list[str]] = {}
    for name, value in children:
        found.update(flat_errors(value, f"{prefix}.{name}" if prefix else name))
    return found


__all__ = ["ModelSerializer", "OneOf", "Query", "Serializer", "flat_errors", "last_values"]
