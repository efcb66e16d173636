"""The browser and system that a User-Agent names, in plain words."""

from __future__ import annotations

UNKNOWN_BROWSER = "Unknown browser"

# The first match counts: most browsers also name the browsers that they are compatible with.
_BROWSERS = {
    "Edg": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Vivaldi/": "Vivaldi",
    "FxiOS/": "Firefox",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
_SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "CrOS": "ChromeOS",
    "Windows": "Windows",
    "Mac OS X": "macOS",
    "Linux": "Linux",
}
_MOST_READ = 500


def device_of(user_agent: str) -> str:
    """Such as "Firefox on Windows". It contains nothing but the words above."""
    text = user_agent[:_MOST_READ]
    browser = next((name for part, name in _BROWSERS.items() if part in text), UNKNOWN_BROWSER)
    system = next((name for part, name in _SYSTEMS.items() if part in text), "")
    return f"{browser} on {system}" if system else browser
