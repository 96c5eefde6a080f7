"""A contract for import-linter: which rooms of an app no other app may enter."""

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output

Broken = list[tuple[str, str, int]]


class PrivateRoomsContract(Contract):
    """No app imports another app's `private` rooms, nor anything of its `api` but what is `public_in_api`."""

    type_name = "private_rooms"

    apps = fields.ListField(subfield=fields.StringField())
    private = fields.SetField(subfield=fields.StringField())
    public_in_api = fields.SetField(subfield=fields.StringField())
    ignored_importers = fields.SetField(subfield=fields.StringField(), required=False)

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        apps: list[str] = list(self.apps)  # type: ignore[call-overload]
        modules = [module for app in apps for module in graph.find_descendants(app) if self._is_private(app, module)]
        broken: Broken = []
        for imported in sorted(modules):
            for importer in sorted(graph.find_modules_that_directly_import(imported)):
                if owner(apps, importer) != owner(apps, imported) and not self._is_ignored(importer):
                    line = graph.get_import_details(importer=importer, imported=imported)[0]["line_number"]
                    broken.append((importer, imported, line))
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def _is_private(self, app: str, module: str) -> bool:
        room, *inside = module.removeprefix(f"{app}.").split(".")
        if room == "api":
            return bool(inside) and inside[0] not in self.public_in_api  # type: ignore[operator]
        return room in self.private  # type: ignore[operator]

    def _is_ignored(self, importer: str) -> bool:
        return any(part in importer.split(".") for part in self.ignored_importers or ())  # type: ignore[union-attr]

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} imports {imported} (l.{line}), a private room of another app")


def owner(apps: list[str], module: str) -> str | None:
    """The app to which a module belongs; None for what wires them together."""
    return next((app for app in apps if module == app or module.startswith(f"{app}.")), None)
