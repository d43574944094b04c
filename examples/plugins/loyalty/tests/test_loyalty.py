"""Loyalty: what it refuses, books and shows; the conformance suite tests the rest."""

from __future__ import annotations

from relatum.testing import Client, Instance, Jobs, Make


def balance(client: Client, card: int) -> int:
    """Return the points of a card, as the API says."""
    return int(client.get(f"/api/x/loyalty/cards/{card}/balance").get_json()["points"])


def test_a_card_that_ends_before_it_starts_is_refused(
    relatum_make: Make, relatum_client: Client
) -> None:
    row = relatum_make.row("loyalty_card", starts_on="2026-02-01", ends_on="2026-01-31")
    answer = relatum_client.post("/api/v1/records/loyalty_card", json=row)
    assert answer.status_code == 422
    assert "It ends before it starts" in answer.text


def test_a_reward_that_costs_nothing_is_refused(relatum_make: Make, relatum_client: Client) -> None:
    row = relatum_make.row("loyalty_reward", points=0)
    answer = relatum_client.post("/api/v1/records/loyalty_reward", json=row)
    assert answer.status_code == 422
    assert "at least one point" in answer.text


def test_the_last_day_of_a_contact_needs_a_level(
    relatum_make: Make, relatum_client: Client
) -> None:
    row = relatum_make.row("contact", loyalty_until="2026-12-31")
    answer = relatum_client.post("/api/v1/records/contact", json=row)
    assert answer.status_code == 422
    assert "Say which level ends on that day" in answer.text
    answer = relatum_client.post("/api/v1/records/contact", json={**row, "loyalty_level": "plus"})
    assert answer.status_code == 201


def test_the_page_of_a_card_says_when_it_ends(relatum_make: Make, relatum_client: Client) -> None:
    made = relatum_make("loyalty_card", ends_on="2999-12-31")
    page = relatum_client.signed_in("alice").get(f"/records/loyalty_card/{made['id']}")
    assert "It ends in" in page.text


def test_points_are_exchanged_for_rewards_while_there_are_enough(
    relatum_make: Make, relatum_client: Client
) -> None:
    card = relatum_make("loyalty_card")["id"]
    mug = relatum_make("loyalty_reward", name="Mug", points=60)["id"]
    assert balance(relatum_client, card) == 100
    address = f"/api/x/loyalty/cards/{card}/rewards/{mug}"
    assert relatum_client.post(address).json == {"card": card, "points": 40}
    refused = relatum_client.post(address)
    assert refused.status_code == 400
    assert "lacks 20 points for Mug" in refused.text
    assert balance(relatum_client, card) == 40
    assert relatum_client.of("bob").post(address).status_code == 403


def test_a_new_card_has_the_points_that_are_set(relatum_make: Make, relatum_client: Client) -> None:
    answer = relatum_client.patch(
        "/api/v1/plugins/loyalty/settings", json={"values": {"welcome": 7}}
    )
    assert answer.status_code == 200, answer.text
    assert balance(relatum_client, relatum_make("loyalty_card")["id"]) == 7


def test_the_level_of_a_contact_follows_its_card(
    relatum_make: Make, relatum_client: Client, relatum_app: Instance, relatum_jobs: Jobs
) -> None:
    relatum_client.patch("/api/v1/plugins/loyalty/settings", json={"values": {"plus_from": 100}})
    contact = relatum_make("contact")["id"]
    card = relatum_make("loyalty_card")["id"]
    relatum_app.change("loyalty_card", card, contact=contact)
    done = {job["kind"]: job["state"] for job in relatum_jobs.run_due()}
    assert done["loyalty_levels"] == "done"
    assert relatum_app.get("contact", contact)["loyalty_level"] == "plus"
