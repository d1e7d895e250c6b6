"""What a person does on the page, as verbs."""


def sign_in(browser, secret: str, kind="key"):
    browser.find(f"input[name=kind][value={kind}]").click()
    browser.find("#secret").write(secret)
    browser.press("enter")


def ask(browser, action: str, resource="", context="", subject=None):
    if subject is not None:
        browser.find("#subject-type").write(subject.split(":", 1)[0])
        browser.find("#subject-id").write(subject.split(":", 1)[1])
    browser.find("#action").write(action)
    browser.find("#resource").write(resource)
    browser.find("#context").write(context)
    browser.find("#question button[type=submit]").click()


def show_role(browser, name: str, kind="role"):
    browser.find("#tab-roles").click()
    browser.run("document.getElementById('closure-kind').value = arguments[0]", kind)
    browser.find("#closure-name").write(name)
    browser.press("enter")
    browser.wait("return document.querySelector('#closure figure, #closure .problem') !== null")


def nodes(browser, panel: str) -> dict:
    """The nodes of a graph: id → {x, y, label, classes}."""
    return browser.run("""
      return Object.fromEntries([...document.querySelectorAll(arguments[0] + " .node")].map((node) => {
        const [x, y] = node.getAttribute("transform").match(/[\\d.]+/g).map(Number);
        return [node.dataset.id, {x, y, label: node.getAttribute("aria-label"),
                                  classes: node.getAttribute("class").split(" ")}];
      }))""", panel)


def texts(browser, selector: str) -> list:
    return browser.run("return [...document.querySelectorAll(arguments[0])].map((e) => e.innerText)",
                       selector)
