"""The names of jac-splice-orc on top of this client: PodManagerProxy and ModuleProxy."""

from __future__ import annotations

from typing import Any

from ._client import client
from ._errors import PoduleError
from ._modules import SPEC_FIELDS, failure_of
from ._proxy import RemoteObjectProxy


def _options(module_config: dict[str, Any] | None) -> dict[str, Any]:
    """jac-splice-orc's module_config; its keys that Podule has no use for are left out."""
    return {key: value for key, value in (module_config or {}).items() if key in SPEC_FIELDS}


class PodManagerProxy:
    """A Podule server. `pod_manager_url`: "host:port" or "http://host:port"; default POD_MANAGER_URL."""

    def __init__(self, pod_manager_url: str | None = None) -> None:
        self.pod_manager_url = pod_manager_url
        self._client = client(pod_manager_url)

    def create_pod(self, module_name: str, module_config: dict[str, Any] | None = None) -> dict[str, Any]:
        """Makes the module and waits until it answers calls; raises PoduleError with the cause where it fails."""
        self._client.modules.create(module_name, **_options(module_config))
        for module in self._client.modules.watch(module_name):
            failure = failure_of(module)
            if failure is not None:
                raise failure
            if module.status.pods and _ready(module):
                return {"message": f"{module.name} is ready", "pods": list(module.status.pods)}
        raise PoduleError(f"modules/{module_name} was deleted meanwhile")

    def delete_pod(self, module_name: str) -> dict[str, Any]:
        """Deletes the module with its pods; running calls end first."""
        self._client.forget(module_name)
        self._client.modules.delete(module_name)
        return {"message": f"modules/{module_name} is deleted"}

    def run_module(
        self,
        module_name: str,
        method_name: str,
        obj_id: RemoteObjectProxy | None = None,
        args: Any = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Calls a function of the module, or of `obj_id`, a remote object of it."""
        base = obj_id if obj_id is not None else self._client.module(module_name)
        remote = base._podule
        return remote.runtime.call(remote.attribute(method_name), list(args), dict(kwargs or {}))


def _ready(module: Any) -> bool:
    states = module.DESCRIPTOR.enum_types_by_name["State"].values_by_name
    return int(module.status.state) == int(states["READY"].number)


class ModuleProxy:
    """Makes modules and gives proxies of them."""

    def __init__(self, pod_manager_url: str | None = None) -> None:
        self.pod_manager = PodManagerProxy(pod_manager_url)

    def get_module_proxy(self, module_name: str, module_config: dict[str, Any] | None = None) -> RemoteObjectProxy:
        self.pod_manager.create_pod(module_name, module_config)
        return self.pod_manager._client.module(module_name)
