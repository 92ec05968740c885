"""What `make lab` adds to a learner's own Jupyter settings.

labconfig/ adds more: no offers of news, no courses of nbgrader's, and an icon of the tab that does
not tell a busy kernel, for it would be fetched twice for every picture of a live figure.
"""

import os

from jupyter_server.services.kernels.connection.channels import ZMQChannelsWebsocketConnection


class PromptConnection(ZMQChannelsWebsocketConnection):
    """Sends every message of a kernel at once.

    With Nagle's algorithm on, a reply waits up to 40 ms for the browser's delayed acknowledgement:
    a live figure then shows 16 pictures a second while dragging instead of 43.
    """

    def connect(self):
        self.websocket_handler.set_nodelay(True)
        return super().connect()


c = get_config()  # noqa: F821 (Jupyter defines it)
c.ServerApp.kernel_websocket_connection_class = PromptConnection
c.KernelManager.transport_encryption = "auto"  # or each kernel warns that others could listen
c.LabApp.default_url = "/lab/tree/notebooks/00_start_here.ipynb"
c.ServerApp.allow_root = getattr(os, "geteuid", lambda: 1)() == 0
