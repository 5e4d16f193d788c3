"""How the defects of uploads show."""

from __future__ import annotations

from harness.targets.embedded import upload
from harness.tests.targets.embedded.defects.scenes import Scene, Sign, when_bound
from harness.tests.targets.embedded.driver import DOMAIN
from harness.xmpp import namespaces as ns

SERVICE = f"upload.{DOMAIN}"
IQ = "<iq type='get' id='q' to='{}'>{}</iq>"
ITEMS = when_bound(IQ.format(DOMAIN, f"<query xmlns='{ns.DISCO_ITEMS}'/>"))
INFO = when_bound(IQ.format(SERVICE, f"<query xmlns='{ns.DISCO_INFO}'/>"))


def asked(attributes: str, inner: str = "") -> Scene:
    payload = f"<request xmlns='{upload.NAMESPACE}' {attributes}>{inner}</request>"
    return when_bound(IQ.format(SERVICE, payload))


SLOT = asked("filename='a.txt' size='1'")
LARGE = asked(f"filename='a.txt' size='{upload.MAX_BYTES + 1}'")
ODD = asked("filename='ä&lt;.txt' size='1'")
PURPOSE = asked("filename='a.txt' size='1'", "<message xmlns='urn:xmpp:http:upload:purpose:0'/>")

SIGNS = [
    Sign("upload-unlisted", ITEMS, sound=f"<item jid='{SERVICE}'"),
    Sign("upload-featureless", INFO, sound=f"<feature var='{upload.NAMESPACE}'"),
    Sign("upload-limit-unsaid", INFO, sound="max-file-size"),
    Sign("upload-limit-misnamed", INFO, sound="max-file-size", wrong="max_file_size"),
    Sign("upload-limit-with-unit", INFO, wrong="10 MB"),
    Sign("upload-limit-in-bits", INFO, wrong=f"<value>{upload.MAX_BYTES * 8}<"),
    Sign("upload-limit-in-kilobytes", INFO, wrong=f"<value>{upload.MAX_BYTES // 1024}<"),
    Sign("upload-put-alone", SLOT, sound="<get "),
    Sign("upload-over-http", SLOT, sound="url='https:", wrong="url='http:"),
    Sign("upload-name-raw", ODD, sound="%3C.txt'", wrong="&lt;.txt'"),
    Sign("upload-name-foreign", ODD, sound="/%C3%A4", wrong="/ä"),
    Sign("upload-name-lost", SLOT, sound="/a.txt'"),
    Sign("upload-header-empty", SLOT, sound="<header name='Authorization'>Bearer "),
    Sign("upload-header-other", SLOT, wrong="<header name='X-Permission'"),
    Sign("upload-purpose-refused", PURPOSE, sound="<slot ", wrong="<bad-request "),
    Sign("upload-numbered", SLOT, wrong=f"'https://{SERVICE}/1000/"),
    Sign("upload-anonymous-file", asked("size='1'"), sound="<bad-request ", wrong="<slot "),
    Sign("upload-sizeless", asked("filename='a'"), sound="<bad-request ", wrong="<slot "),
    Sign("upload-refused-unsaid", LARGE, sound="<not-acceptable ", wrong="<bad-request "),
    Sign("upload-try-again", LARGE, sound="<error type='modify'>", wrong="<error type='wait'>"),
]
