"""Our queries and the server's answers have the shapes that GitHub publishes.

Needs the npm packages @octokit/openapi and @octokit/graphql-schema in node_modules (make test-all).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from github_data import Thread, change_of_line
from github_graph import SCHEMA
from github_server import GithubServer, some_pulls
from graphql import (
    GraphQLObjectType,
    GraphQLSchema,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from ingest.sources import github_graphql
from ingest.sources.github_pulls import pull_of_node

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = Path(os.environ.get("NODE_PATH") or ROOT / "node_modules") / "@octokit"
OPENAPI = PACKAGES / "openapi" / "generated" / "api.github.com.json"
GRAPHQL = PACKAGES / "graphql-schema" / "schema.graphql"
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (OPENAPI.is_file() and GRAPHQL.is_file()),
        reason="npm packages @octokit/openapi and @octokit/graphql-schema are not installed",
    ),
]


@pytest.fixture(scope="module")
def published() -> GraphQLSchema:
    return build_schema(GRAPHQL.read_text(encoding="utf-8"), assume_valid=True)


@pytest.fixture(scope="module")
def openapi() -> dict[str, Any]:
    return json.loads(OPENAPI.read_text(encoding="utf-8"))


def rebased_pull() -> Any:
    node = {
        "number": 9,
        "title": "t",
        "updatedAt": "2026-01-01T00:00:00Z",
        "mergeCommit": {"oid": "a" * 40},
    }
    return pull_of_node(node)


QUERIES = {
    "repository": github_graphql.REPOSITORY,
    "pulls": github_graphql.PULLS,
    "light": github_graphql.LIGHT,
    **{f"more {name}": query for name, query in github_graphql.MORE.items()},
    "numbers": github_graphql._numbers_query([1, 2]),
    "history": github_graphql._history_query([rebased_pull()]),
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_of_ours_is_valid_in_githubs_schema(published, name):
    assert validate(published, parse(QUERIES[name])) == []


def test_the_servers_schema_is_a_part_of_githubs(published):
    for name, kind in SCHEMA.type_map.items():
        if name.startswith("__") or not isinstance(kind, GraphQLObjectType):
            continue
        theirs = published.type_map[name]
        for field, value in kind.fields.items():
            assert str(value.type) == str(theirs.fields[field].type), f"{name}.{field}"
            for argument, own in value.args.items():
                assert str(own.type) == str(theirs.fields[field].args[argument].type), (
                    f"{name}.{field}({argument})"
                )


def test_the_servers_graphql_answers_have_githubs_shape(published):
    pulls = some_pulls(12)
    pulls[3].author = None
    pulls[4].threads = [Thread(f"a{n}.py", False, [(None, "x")]) for n in range(40)]
    asked = {
        "owner": "acme",
        "name": "relay",
        "number": 5,
        "first": 12,
        "after": None,
        "field": "UPDATED_AT",
    }
    with GithubServer(pulls=pulls) as server:
        for name, query in QUERIES.items():
            from github_graph import execute

            document = parse(query)
            wanted = {
                v.variable.name.value
                for d in document.definitions
                for v in getattr(d, "variable_definitions", ()) or ()
            }
            variables = {key: value for key, value in asked.items() if key in wanted}
            answer = execute(server, query, variables)
            assert "errors" not in answer, name
            checked = execute_sync(
                published,
                document,
                answer["data"],
                variable_values=variables,
                field_resolver=lambda value, info, **_: value[info.path.key],
                type_resolver=lambda value, *_: value.get("__typename", "Commit"),
            )
            assert checked.errors is None, name
            assert checked.data == answer["data"], name


def as_json_schema(value: Any) -> Any:
    """OpenAPI 3.0 says `nullable` where JSON Schema has a type or an alternative null."""
    if isinstance(value, list):
        return [as_json_schema(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    schema = {
        key: as_json_schema(entry)
        for key, entry in value.items()
        if key not in ("nullable", "example", "discriminator")
    }
    return {"anyOf": [schema, {"type": "null"}]} if value.get("nullable") is True else schema


REST = {
    "/repos/acme/relay": "/repos/{owner}/{repo}",
    "/repos/acme/relay/pulls?state=closed": "/repos/{owner}/{repo}/pulls",
    "/repos/acme/relay/pulls/3": "/repos/{owner}/{repo}/pulls/{pull_number}",
    "/repos/acme/relay/pulls/3/files": "/repos/{owner}/{repo}/pulls/{pull_number}/files",
    "/repos/acme/relay/pulls/3/comments": "/repos/{owner}/{repo}/pulls/{pull_number}/comments",
    "/repos/acme/relay/pulls/3/reviews": "/repos/{owner}/{repo}/pulls/{pull_number}/reviews",
}


def test_the_servers_rest_answers_have_githubs_shape(openapi):
    import requests
    from jsonschema import Draft202012Validator

    components = as_json_schema(openapi["components"])
    pulls = some_pulls(5)
    pulls[3].author = None
    pulls[2].threads = [Thread("a.py", False, [("noor", "Why?"), (None, "So.")])]
    binary = {"filename": "x.png", "status": "added", "additions": 0, "deletions": 0}
    pulls[2].files = [change_of_line("a.py", 2), binary]
    with GithubServer(pulls=pulls) as server:
        for path, template in REST.items():
            answer = requests.get(server.url + path, timeout=10).json()
            response = openapi["paths"][template]["get"]["responses"]["200"]
            schema = as_json_schema(response["content"]["application/json"]["schema"])
            validator = Draft202012Validator({**schema, "components": components})
            problems = [
                f"{list(e.absolute_path)}: {e.message[:200]}" for e in validator.iter_errors(answer)
            ]
            assert problems == [], path
            assert answer, path
