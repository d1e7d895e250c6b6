"""The explorer for everybody: by keyboard, by name, in the dark, on a narrow screen."""

import json
import random

import pytest

from browser.explorer import ask, show_role, sign_in
from browser.stub import KEY, LONG_ID

# Each text against what is behind it, as WCAG 2 computes contrast; what falls short.
TOO_FAINT = """
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (element) => {
    for (; element; element = element.parentElement) {
      const color = numbers(getComputedStyle(element).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.closest("svg")) continue;
    if (element.closest("noscript, .visually-hidden, option")) continue;
    const [a, b] = [luminance(numbers(getComputedStyle(element).color)), luminance(behind(element))];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) faint.push(`${contrast.toFixed(2)} ${element.className} ${walker.currentNode.data}`);
  }
  return faint;
"""


def each_view(browser):
    """Walks through the page and stops at every view of it."""
    yield "sign in"
    sign_in(browser, "aa_wrong")
    browser.wait_for(".problem")
    yield "refused"
    sign_in(browser, KEY)
    browser.wait_for("#question")
    yield "nothing asked yet"
    ask(browser, "", "x", "{")
    yield "wrong fields"
    ask(browser, "read_weather", "city:berlin")
    browser.wait_for(".decision.allowed")
    yield "allowed"
    ask(browser, "pay", "invoice:1")
    browser.wait_for(".decision.denied")
    yield "denied"
    ask(browser, "long", f"record:{LONG_ID}", subject=f"user:{LONG_ID}")
    browser.wait("return document.querySelectorAll('#considered tbody tr').length === 100")
    yield "long"
    show_role(browser, "weather_reader")
    browser.find("#closure .as-list summary").click()
    yield "role"
    browser.find("#closure [data-id='user:bob']").click()
    yield "chosen"


def test_every_control_has_a_name_and_every_page_one_heading(page):
    for view in each_view(page):
        controls = [control for control in page.find_all(
            "input, textarea, select, button, summary, [tabindex='0']")
            if page.run("return arguments[0].checkVisibility()",
                        {"element-6066-11e4-a52e-4f735466cecf": control.path.split("/")[-1]})]
        assert controls
        for control in controls:
            assert control.label(), f"{view}: {control.attribute('outerHTML')[:200]}"
        assert page.run("return [...document.querySelectorAll('h1')]"
                        ".filter((h) => h.checkVisibility()).length") == 1, view


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_told_from_what_is_behind_it(page, scheme):
    page.resize(1320, 1000, scheme)
    for view in each_view(page):
        assert page.run(TOO_FAINT) == [], view


def test_a_narrow_screen_needs_no_sideways_scrolling(page):
    page.resize(320, 700)
    for view in each_view(page):
        wide = page.run("return [document.documentElement.scrollWidth, innerWidth]")
        assert wide[0] <= wide[1], view


def test_all_of_it_can_be_done_with_the_keyboard(page):
    page.run("document.getElementById('secret').focus()")
    page.press(*KEY, "enter")
    page.wait_for("#question")
    assert page.run("return document.activeElement.id") == "action"
    page.press(*"read_weather", "enter")
    page.wait_for(".decision.allowed")
    page.run("document.getElementById('tab-ask').focus()")
    page.press("right")
    assert page.run("return document.activeElement.id") == "tab-roles"
    page.press("tab", "tab", *"weather_reader", "enter")
    page.wait_for("#closure figure")
    page.press("tab", "tab")
    focused = "return document.activeElement.dataset.id"
    assert page.run(focused) == "role:weather_reader"
    page.press("left")
    assert page.run(focused) == "group:meteorology"
    page.press("enter")
    assert page.run("return document.activeElement.getAttribute('aria-pressed')") == "true"
    assert "group:meteorology" in page.find("#closure .details").text
    page.press("escape", "end")
    assert "kind-grant" in page.focused().attribute("class")
    page.press("home", "down")
    assert page.run(focused) is not None


def test_focus_is_seen(page):
    met = []
    for _ in range(4):
        page.press("tab")
        name, style, width = page.run(
            "const at = document.activeElement, style = getComputedStyle(at);"
            "return [at.id || at.className || at.value || at.type, style.outlineStyle,"
            "        parseFloat(style.outlineWidth)]")
        met.append(name)
        assert style != "none" and width >= 1, name
    assert met == ["skip", "key", "secret", "primary"]


def random_graph(generator):
    count = generator.randint(1, 60)
    places = [generator.choice(["first", "between", "between", "last"]) for _ in range(count)]
    nodes = [{"id": f"n{i}", "place": place} for i, place in enumerate(places)]
    edges = [{"from": f"n{generator.randrange(count)}", "to": f"n{generator.randrange(count)}"}
             for _ in range(generator.randint(0, 3 * count))]
    return {"nodes": nodes, "edges": [edge for edge in edges if edge["from"] != edge["to"]]}


def test_no_layout_puts_one_node_on_another(page):
    generator = random.Random(7)
    graphs = json.dumps([random_graph(generator) for _ in range(60)])
    wrong = page.evaluate("""import("/explorer/layout.js").then((layout) => {
      const wrong = [];
      for (const {nodes, edges} of GRAPHS) {
        const laid = layout.lay_out(nodes, edges);
        const boxes = [...laid.at.values()];
        if (boxes.length !== nodes.length || laid.ways.length !== edges.length) wrong.push("lost");
        for (const [i, a] of boxes.entries()) {
          if (!(a.x >= 0 && a.y >= -0.01 && a.x + layout.node_width <= laid.width + 0.01 &&
                a.y + layout.node_height <= laid.height + 0.01)) wrong.push(["outside", a]);
          for (const b of boxes.slice(i + 1))
            if (a.x === b.x && Math.abs(a.y - b.y) < layout.node_height) wrong.push(["over", a, b]);
        }
        if (laid.ways.some((way) => way.includes("NaN"))) wrong.push("NaN");
      }
      return wrong;
    })""".replace("GRAPHS", graphs))
    assert wrong == []
