"""What a deployment says about merchants' endpoints."""

from pydantic_settings import BaseSettings, SettingsConfigDict

from meqenet.marketplace.endpoints import EndpointRules


class WebhookSettings(BaseSettings):
    """Which endpoints merchants may name."""

    model_config = SettingsConfigDict(
        env_prefix="MEQENET_WEBHOOK_", env_ignore_empty=True, extra="ignore", frozen=True
    )

    loopback: bool = False
    """In a sandbox on one machine: http to the machine itself too, at any port."""

    @property
    def rules(self) -> EndpointRules:
        """The same, for whoever checks an endpoint."""
        return EndpointRules(is_loopback_allowed=self.loopback)
