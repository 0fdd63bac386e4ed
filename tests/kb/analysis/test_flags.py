from kb.analysis.flags import flags_of


def flags(change_made):
    return {flag.name: flag for flag in flags_of(change_made)}


def test_argparse_flag_with_default_and_help(change) -> None:
    found = flags(
        change(
            "t",
            {
                "tool/server_args.py": '+        parser.add_argument(\n+            "--lid-timeout",\n+            type=int,\n+            default=30,\n+            help="Seconds to wait.",\n+        )'
            },
        )
    )
    flag = found["--lid-timeout"]
    assert (flag.kind, flag.default, flag.help) == ("flag", "30", "Seconds to wait.")
    assert flag.line > 0


def test_a_field_and_its_flag_are_one(change) -> None:
    found = flags(
        change(
            "t",
            {
                "tool/server_args.py": '@@ -1,2 +1,4 @@ class ServerArgs:\n+    enable_lid: bool = False\n+    parser.add_argument("--enable-lid", action="store_true")'
            },
        )
    )
    assert set(found) == {"--enable-lid"}
    assert found["--enable-lid"].default == "False"


def test_environment_variables_of_several_languages(change) -> None:
    found = flags(
        change(
            "t",
            {
                "tool/a.py": '+LID = os.environ.get("ACME_LID", "1")',
                "cmd/a.go": '+	lid := os.Getenv("ACME_GO_LID")',
                "src/a.ts": "+const lid = process.env.ACME_TS_LID",
                "src/a.rs": '+    let lid = std::env::var("ACME_RS_LID");',
            },
        )
    )
    assert set(found) == {"ACME_LID", "ACME_GO_LID", "ACME_TS_LID", "ACME_RS_LID"}
    assert all(flag.kind == "env" for flag in found.values())
    assert found["ACME_LID"].default == '"1"'


def test_clap_kingpin_and_yaml_keys(change) -> None:
    found = flags(
        change(
            "t",
            {
                "src/cli.rs": "+    #[arg(long, default_value_t = 3)]\n+    /// Lids at most.\n+    max_lids: usize,",
                "cmd/main.go": '+	a.Flag("web.lids", "Lids.").Default("512").Int()',
                "config/config.go": '+	LidSize int `yaml:"lid_size,omitempty"`',
            },
        )
    )
    assert found["--max-lids"].default == "3"
    assert found["--web.lids"].default == "512"
    assert found["lid_size"].kind == "config"


def test_a_removed_flag_is_marked_and_a_moved_one_is_not_there(change) -> None:
    found = flags(
        change(
            "t",
            {
                "tool/cli.py": '-    parser.add_argument("--old-lid")\n-    parser.add_argument("--kept")',
                "tool/args.py": '+    parser.add_argument("--kept")',
            },
        )
    )
    assert set(found) == {"--old-lid"}
    assert found["--old-lid"].removed


def test_tests_and_comments_bring_no_flags(change) -> None:
    assert not flags_of(
        change(
            "t",
            {
                "tests/test_cli.py": '+    parser.add_argument("--lid")',
                "tool/a.py": "+# --lid is planned",
            },
        )
    )


def test_a_help_text_of_several_literals_is_read_whole(change) -> None:
    patch = (
        "+        parser.add_argument(\n"
        '+            "--batching-mode",\n'
        '+            help="Mode of the scheduler. Currently only "\n'
        "+            \"'dynamic' merges requests. \"\n"
        '+            f"Off by default.",\n'
        "+        )"
    )
    (flag,) = flags_of(change("t", {"tool/arguments.py": patch}))
    assert (
        flag.help
        == "Mode of the scheduler. Currently only 'dynamic' merges requests. Off by default."
    )


def test_an_action_beside_a_default_that_names_a_field_says_the_default(change) -> None:
    patch = (
        "+        parser.add_argument(\n"
        '+            "--rejoin",\n'
        '+            action="store_true",\n'
        "+            default=ServerArgs.rejoin,\n"
        "+        )"
    )
    (flag,) = flags_of(change("t", {"tool/server_args.py": patch}))
    assert flag.default == "False"


def test_a_default_that_names_a_field_is_what_the_field_says(change) -> None:
    patch = (
        "@@ -1,2 +1,3 @@ class ServerArgs:\n"
        "+    drain_wait: float = 0.5\n"
        "@@ -90,2 +91,5 @@ def add_cli_args(parser):\n"
        "+        parser.add_argument(\n"
        '+            "--drain-wait",\n'
        "+            default=ServerArgs.drain_wait,\n"
        "+        )"
    )
    (flag,) = flags_of(change("t", {"tool/server_args.py": patch}))
    assert (flag.name, flag.default) == ("--drain-wait", "0.5")


def test_an_option_in_a_list_is_another_programs(change) -> None:
    patch = '+    flags = [\n+        "--expt-extended-lambda",\n+        "--fast",\n+    ]'
    assert flags_of(change("t", {"tool/compile.py": patch})) == ()


def test_the_arguments_of_a_typescript_function_are_no_settings(change) -> None:
    args = "+interface LidHelperArgs {\n+  hinge: Hinge\n+  manager: LidManager\n+}"
    assert not flags(change("t", {"src/LidHelper.ts": args}))
    options = args.replace("LidHelperArgs", "LidOptions")
    assert set(flags(change("t", {"src/LidHelper.ts": options}))) == {"hinge", "manager"}


def test_an_address_in_the_text_of_a_setting_is_no_key(change) -> None:
    patch = '+    """\n+    See the guide:\n+    https://example.org/lids\n+    """'
    assert not flags(change("t", {"tool/config.py": patch}))


def test_what_a_launcher_sets_for_its_jobs_is_no_setting_of_the_project(change) -> None:
    patch = '+    if not os.environ.get("SLURM_LOCALID", os.environ.get("x")):\n+        lid = os.environ.get("ACME_LID")\n+        rank = os.getenv("OMPI_COMM_WORLD_LOCAL_RANK")'
    assert set(flags(change("t", {"tool/a.py": patch}))) == {"ACME_LID"}


def test_the_parameters_of_a_function_are_no_settings(change) -> None:
    patch = "+def validate_lid_config(\n+    *,\n+    lid_size: int,\n+    hinge_count: int = 2,  # of one lid\n+) -> None:\n"
    assert not flags(change("t", {"tool/lid_config.py": patch}))
    fields = "+class LidConfig:\n+    lid_size: int\n+    hinge_count: int = 2  # of one lid\n"
    assert set(flags(change("t", {"tool/lid_config.py": fields}))) == {"lid_size", "hinge_count"}


def test_options_handed_to_another_program_are_none_of_ours(change) -> None:
    command = '+    command.arg("--color").arg(color.as_str());\n+    if quiet {\n+        command.arg("--no-progress");\n+    }'
    option = "+    /// Show the command.\n+    #[arg(long)]\n+    pub show_command: bool,"
    found = flags(change("t", {"src/check.rs": command, "src/cli.rs": option}))
    assert set(found) == {"--show-command"}


def test_a_variable_that_is_set_for_another_program_is_none_of_ours(change) -> None:
    patch = (
        '+    os.environ["BOX_LOG"] = "INFO"\n+    os.environ.setdefault("BOX_TCP", "1")\n'
        '+    if os.environ["ACME_LID"] == "1":\n+        oil = os.environ.get("ACME_OIL", "0")'
    )
    assert set(flags(change("t", {"tool/a.py": patch}))) == {"ACME_LID", "ACME_OIL"}


def test_a_field_that_is_declared_by_a_call_has_its_default_and_help_from_it(change) -> None:
    patch = (
        '@@ -1,2 +1,9 @@ class LidConfig(Base):\n+    oil: str = field(\n+        default="thin",\n'
        '+        metadata={"help": "Which oil "\n+        "the lid gets."},\n+    )\n+    hinges: list[str] = field(default_factory=list)\n'
        "+    width: int = 3\n"
    )
    found = flags(change("t", {"tool/lids.py": patch}))
    assert {name: (flag.default, flag.help) for name, flag in found.items()} == {
        "oil": ('"thin"', "Which oil the lid gets."),
        "hinges": (None, ""),
        "width": ("3", ""),
    }
