// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Transfers by signed authorization (EIP-3009)
/// @notice The holder signs, anybody sends. x402 pays this way.
/// @dev Each function comes twice: with `v, r, s` (externally owned accounts) and with `bytes signature`
/// (ERC-1271 wallets too). A nonce is any 32 bytes, used once; order does not matter.
interface IERC3009 {
    /// @notice The nonce of `authorizer` was used or cancelled.
    error AuthorizationUsedOrCanceled(address authorizer, bytes32 nonce);
    /// @notice Valid only after `validAfter` (Unix seconds).
    error AuthorizationNotYetValid(uint256 validAfter);
    /// @notice Valid only before `validBefore` (Unix seconds).
    error AuthorizationExpired(uint256 validBefore);
    /// @notice The signature is not one of `authorizer` over this message, chain and contract.
    error AuthorizationSignatureInvalid(address authorizer);
    /// @notice Only the payee itself may receive with an authorization.
    error CallerNotPayee(address caller, address payee);

    event AuthorizationUsed(address indexed authorizer, bytes32 indexed nonce);
    event AuthorizationCanceled(address indexed authorizer, bytes32 indexed nonce);

    /// @notice True once the nonce is used or cancelled.
    function authorizationState(address authorizer, bytes32 nonce) external view returns (bool);

    /// @notice Moves `value` from `from` to `to`. Anyone may send it.
    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    function transferWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;

    /// @notice Same, but only `to` may send it: a contract that credits a deposit cannot be front-run.
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) external;

    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes memory signature
    ) external;

    /// @notice Makes an unused nonce useless.
    function cancelAuthorization(address authorizer, bytes32 nonce, uint8 v, bytes32 r, bytes32 s) external;

    function cancelAuthorization(address authorizer, bytes32 nonce, bytes memory signature) external;
}
