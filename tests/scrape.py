"""A server's metrics as Prometheus would read them."""

import httpx
from prometheus_client.parser import text_string_to_metric_families


def scrape(address: str) -> dict[str, float]:
    """Every figure by its name; one of several kinds by name and kind, as in calmline_cues_total.shown."""
    answer = httpx.get(f"{address}/metrics").raise_for_status()
    return {
        ".".join((sample.name, *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }
