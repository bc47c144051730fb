"""What a shared library of any platform says of itself, as JSON: describe-binary.py FILE. Needs lief, which tells on stderr
what it finds malformed."""
import json
import sys

import lief

lief.logging.enable()
lief.logging.set_level(lief.logging.LEVEL.WARN)
binary = lief.parse(sys.argv[1])
described = {
    "format": str(binary.format).split(".")[-1],
    "exports": sorted({function.name for function in binary.exported_functions}),
}
if isinstance(binary, lief.ELF.Binary):
    described["libraries"] = list(binary.libraries)
    # lief leaves what no library is named for out of the imported symbols.
    undefined = {symbol.name for symbol in binary.dynamic_symbols if symbol.shndx == 0}
    described["fromNode"] = sorted(name for name in undefined if name.startswith(("napi_", "node_api_")))
    described["versions"] = sorted(
        {version.name for needed in binary.symbols_version_requirement for version in needed.get_auxiliary_symbols()}
    )
    described["stripped"] = not any(
        section.name == ".symtab" or section.name.startswith(".debug") for section in binary.sections
    )
elif isinstance(binary, lief.MachO.Binary):
    described["libraries"] = [
        command.name
        for command in binary.commands
        if isinstance(command, lief.MachO.DylibCommand) and command.command != lief.MachO.LoadCommand.TYPE.ID_DYLIB
    ]
    described["fromNode"] = sorted(
        {
            bound.symbol.name
            for bound in binary.bindings
            if not bound.has_library and bound.symbol.category == lief.MachO.Symbol.CATEGORY.UNDEFINED
        }
    )
    described["stripped"] = not any(section.name.startswith("__debug") for section in binary.sections)
    described["signed"] = binary.has_code_signature
else:
    described["libraries"] = [imported.name for imported in binary.imports]
    described["fromNode"] = [
        entry.name for imported in binary.imports if imported.name == "node.exe" for entry in imported.entries
    ]
    described["stripped"] = not any(section.name.startswith(".debug") for section in binary.sections) and not binary.symbols
print(json.dumps(described))
