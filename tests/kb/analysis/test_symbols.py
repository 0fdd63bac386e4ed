import pytest

from kb.analysis.symbols import symbols_of


def names(symbols):
    return {symbol.name for symbol in symbols}


def test_python_definitions_added_changed_and_private(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "src/tool/box.py": """
+class Box(Base):
+    def open(self, key: str) -> None:
+        def inner():
+            pass
+def _hidden():
 def pack(
     items,
+    limit=None,
 ):
-def unpack(items):
-    return items
"""
            },
        )
    )
    public = {symbol.name for symbol in found.added if symbol.public}
    assert public == {"Box", "open"}
    assert "_hidden" in names(found.added)
    assert names(found.removed) == {"unpack"}
    (pack,) = found.changed
    assert (pack.previous_signature, pack.signature) == (
        "def pack(items)",
        "def pack(items, limit=None)",
    )


def test_rust_pub_crate_is_not_public(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "src/lib.rs": "+pub async fn open(&self) {\n+pub(crate) fn close() {\n+fn seal() {\n+pub struct Lid {"
            },
        )
    )
    assert {symbol.name for symbol in found.added if symbol.public} == {"open", "Lid"}
    assert names(found.added) == {"open", "close", "seal", "Lid"}


def test_go_publishes_by_capital_letter_outside_internal(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "box/box.go": "+func (b *Box) Open(key string) error {\n+func (b *lid) Close() {\n+func seal() {\n+type Key struct {",
                "internal/x.go": "+func Hidden() {",
            },
        )
    )
    assert {symbol.name for symbol in found.added if symbol.public} == {"Open", "Key"}


def test_go_definitions_that_are_grouped_are_neither_removed_nor_added(change) -> None:
    apart = "\n".join(
        [
            'const Open Method = "open"',
            'const Shut Method = "shut"',
            "type Lid func(key string) error",
        ]
    )
    grouped = "\n".join(
        [
            "const (",
            '\tOpen   Method = "open"',
            '\tShut   Method = "shut"',
            ")",
            "type (",
            "\tLid func(key string) error",
            ")",
        ]
    )

    def marked(mark: str, text: str) -> str:
        return "\n".join(mark + line for line in text.split("\n"))

    for before, after in ((apart, grouped), (grouped, apart)):
        patch = f"{marked('-', before)}\n{marked('+', after)}"
        found = symbols_of(change("t", {"box/box.go": patch}))
        assert not names((*found.added, *found.removed, *found.changed)), found


def test_a_go_definition_that_left_its_group_for_good_is_removed(change) -> None:
    patch = "-type Lid func(key string) error\n+type (\n+\tHinge func(key string) error\n+)"
    assert names(symbols_of(change("t", {"box/box.go": patch})).removed) == {"Lid"}


def test_typescript_publishes_by_export(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "src/box.ts": "+export function open(key: string): void {\n+const seal = 1\n+function close() {"
            },
        )
    )
    assert {symbol.name for symbol in found.added if symbol.public} == {"open"}


def test_cpp_headers_publish_and_sources_do_not(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "include/acme/box.h": "+template <typename T> class box {\n+#define ACME_BOX 1",
                "src/box.cc": "+class impl {",
            },
        )
    )
    assert {symbol.name for symbol in found.added if symbol.public} == {"box", "ACME_BOX"}
    assert "impl" in names(found.added)


def test_java_publishes_by_modifier(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "src/main/java/org/acme/Box.java": "+public class Box {\n+    public static <T> T open(Class<T> type) {\n+    private int seal() {"
            },
        )
    )
    assert {symbol.name for symbol in found.added if symbol.public} == {"Box", "open"}


def test_a_moved_definition_is_neither_added_nor_removed(change) -> None:
    found = symbols_of(
        change(
            "t",
            {
                "src/a.py": "-def pack(items):\n-    return items",
                "src/b.py": "+def pack(items):\n+    return items",
            },
        )
    )
    assert not found.added
    assert not found.removed
    assert names(found.moved) == {"pack"}


def test_tests_define_nothing_public(change) -> None:
    assert not symbols_of(change("t", {"tests/test_box.py": "+def test_open():\n+    pass"})).added


def test_a_private_python_package_publishes_nothing(change) -> None:
    found = symbols_of(change("t", {"src/tool/_internal/box.py": "+def open(key):\n+    pass"}))
    assert [symbol.public for symbol in found.added] == [False]
    dunder = symbols_of(change("t", {"src/tool/__init__.py": "+def open(key):\n+    pass"}))
    assert [symbol.public for symbol in dunder.added] == [True]


def test_java_constructors_and_wrapped_signatures_are_found(change) -> None:
    patch = "-  public Box(\n-      Lid lid) {\n+  public static Box of(\n+      Lid lid) {\n+    return open("
    found = symbols_of(change("t", {"src/main/java/acme/Box.java": patch}))
    assert {symbol.name for symbol in found.removed if symbol.public} == {"Box"}
    assert {symbol.name for symbol in found.added if symbol.public} == {"of"}


def test_what_follows_the_declaration_of_a_rust_test_module_is_defined(change) -> None:
    patch = """@@ -1,2 +1,6 @@
 mod pad;
+#[cfg(test)]
+mod tests;
+#[cfg(test)]
+use pad::edges;
+pub fn pad(&self) -> u16 {
@@ -90,2 +92,3 @@ mod tests;
+pub fn trim(&self) -> u16 {
 }
"""
    facts = change("t", {"src/lib.rs": patch})
    assert names(symbols_of(facts).added) == {"pad", "trim"}


def test_the_tests_at_the_end_of_a_rust_file_define_nothing(change) -> None:
    patch = """@@ -1,2 +1,4 @@
+pub fn pad(&self) -> u16 {
 }
+#[cfg(test)]
+mod tests {
+    fn pads_the_edge() {
@@ -90,2 +92,4 @@ mod tests {
+    fn pads_nothing_at_all() {
 }
"""
    found = symbols_of(change("t", {"src/block.rs": patch}))
    assert names(found.added) == {"pad"}
    assert not names(found.touched)


@pytest.mark.parametrize(
    ("path", "patch", "wanted"),
    [
        ("a.py", "@@ -9,6 +9,9 @@ def shut():\n     return 1\n \n \n+def lid():\n+    return 2\n+\n def box():", []),
        ("a.py", "@@ -9,6 +9,9 @@ def shut(\n     a,\n ) -> int:\n+    a += 1\n     return a", ["shut"]),
        ("a.py", "@@ -9,6 +9,9 @@ def shut():\n     return 1\n \n+\n def box():", []),
        ("a.go", "@@ -9,6 +9,9 @@ func Shut() {\n \tstop()\n }\n \n+var lids = 2\n func Box() {", []),
        ("a.go", "@@ -9,6 +9,9 @@ func Shut() {\n \tstop()\n+\tclose()\n }", ["Shut"]),
        ("a.c", "@@ -9,6 +9,9 @@ int shut_lid(int a)\n {\n #ifdef LID\n out:\n+    a = 2;\n     return a;", ["shut_lid"]),
    ],
)  # fmt: skip
def test_what_follows_a_definition_does_not_touch_it(change, path, patch, wanted) -> None:
    """Git names in a hunk's header what stands above it, even where it has ended."""
    assert names(symbols_of(change("t", {path: patch})).touched) == set(wanted)


def test_a_name_that_is_used_from_a_namespace_of_cpp_defines_no_namespace(change) -> None:
    patch = "-using LID_NAMESPACE::hinge;\n-using Oil = Thin;\n-struct Box : public Lid {"
    found = symbols_of(change("t", {"include/lid.hpp": patch}))
    assert names(found.removed) == {"Oil", "Box"}
