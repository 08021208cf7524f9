// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { Governed } from "./Governed.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IChannels } from "./interfaces/IChannels.sol";
import { IParameters } from "./interfaces/IParameters.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { ChannelMath } from "./libraries/ChannelMath.sol";
import { Parameter } from "./types/Parameter.sol";
import { Switch } from "./types/Switch.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { ECDSA } from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import { EIP712 } from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
import { SignatureChecker } from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @notice See {IChannels}.
contract Channels is IChannels, Governed, EIP712, ReentrancyGuardTransient {
    using SafeERC20 for IRaceCoin;

    bytes32 private constant VOUCHER_TYPEHASH =
        keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");
    bytes32 private constant RELEASE_TYPEHASH =
        keccak256("Release(bytes32 channelId,uint128 finalAmount,uint24 round)");

    IRaceCoin public immutable coin;

    mapping(bytes32 id => State) private _states;

    constructor(IAuthority authority_, IParameters parameters_, IRaceCoin coin_)
        Governed(authority_, parameters_)
        EIP712("Racemesh Channels", "1")
    {
        coin = coin_;
    }

    /// @inheritdoc IChannels
    function deposit(Channel calldata channel, uint256 amount)
        external
        nonReentrant
        whenRunning(Switch.ChannelDeposits)
    {
        _add(channel, amount);
        coin.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @inheritdoc IChannels
    function depositWithAuthorization(
        Channel calldata channel,
        uint256 amount,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external nonReentrant whenRunning(Switch.ChannelDeposits) {
        _add(channel, amount);
        coin.receiveWithAuthorization(
            channel.payer,
            address(this),
            amount,
            validAfter,
            validBefore,
            authorizationNonce(channel, nonce),
            signature
        );
    }

    /// @inheritdoc IChannels
    function claim(Channel calldata channel, uint128 cumulative, bytes calldata signature)
        external
        returns (uint256 paid)
    {
        if (msg.sender != channel.payee) revert NotParty(msg.sender, channel.payee);
        bytes32 id = channelId(channel);
        _checkSignature(channel.signer, voucherDigest(id, cumulative), signature);
        paid = _draw(id, cumulative);
        // SAFETY: no guard: the state is written, and the coin calls nobody. This path is taken most often.
        if (!coin.transfer(msg.sender, paid)) revert TransferFailed();
    }

    /// @inheritdoc IChannels
    function startClose(Channel calldata channel) external {
        if (msg.sender != channel.payer) revert NotParty(msg.sender, channel.payer);
        bytes32 id = channelId(channel);
        State storage state = _states[id];
        // INVARIANT: asking twice does not start the delay again.
        if (state.closesAt != 0) revert ChannelClosing(state.closesAt);
        uint256 closesAt = block.timestamp + _parameter(Parameter.ChannelCloseDelay);
        // SAFETY: a delay of at most thirty days from now fits in 40 bits for 34,000 years.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.closesAt = uint40(closesAt);
        emit CloseStarted(id, closesAt);
    }

    /// @inheritdoc IChannels
    function cancelClose(Channel calldata channel) external {
        if (msg.sender != channel.payer) revert NotParty(msg.sender, channel.payer);
        bytes32 id = channelId(channel);
        if (_states[id].closesAt == 0) revert ChannelNotClosed(0);
        _states[id].closesAt = 0;
        emit CloseCancelled(id);
    }

    /// @inheritdoc IChannels
    function finishClose(Channel calldata channel) external nonReentrant {
        bytes32 id = channelId(channel);
        uint256 closesAt = _states[id].closesAt;
        // INVARIANT: the payer takes nothing back before the payee had the whole delay to claim.
        if (closesAt == 0 || block.timestamp < closesAt) revert ChannelNotClosed(closesAt);
        coin.safeTransfer(channel.payer, _refund(id));
    }

    /// @inheritdoc IChannels
    function claimAndClose(Channel calldata channel, uint128 cumulative, bytes calldata signature)
        external
        nonReentrant
    {
        if (msg.sender != channel.payee) revert NotParty(msg.sender, channel.payee);
        bytes32 id = channelId(channel);
        uint256 paid = 0;
        if (cumulative > _states[id].claimed) {
            _checkSignature(channel.signer, voucherDigest(id, cumulative), signature);
            paid = _draw(id, cumulative);
        }
        _payOut(channel, id, paid);
    }

    /// @inheritdoc IChannels
    function closeByRelease(Channel calldata channel, uint128 finalAmount, bytes calldata payeeSignature)
        external
        nonReentrant
    {
        if (msg.sender != channel.payer) revert NotParty(msg.sender, channel.payer);
        bytes32 id = channelId(channel);
        State memory state = _states[id];
        _checkSignature(channel.payee, releaseDigest(id, finalAmount, state.round), payeeSignature);
        // Less than was claimed is refused as a spent voucher.
        uint256 paid = finalAmount == state.claimed ? 0 : _draw(id, finalAmount);
        _payOut(channel, id, paid);
    }

    /// @inheritdoc IChannels
    function stateOf(bytes32 id) external view returns (State memory) {
        return _states[id];
    }

    /// @inheritdoc IChannels
    function channelId(Channel calldata channel) public pure returns (bytes32 id) {
        assembly ("memory-safe") {
            // Four words stand in calldata as they are encoded. One with bits above an address names a channel of nobody.
            let buffer := mload(0x40)
            calldatacopy(buffer, channel, 128)
            id := keccak256(buffer, 128)
        }
    }

    /// @inheritdoc IChannels
    function authorizationNonce(Channel calldata channel, bytes32 nonce) public pure returns (bytes32) {
        return keccak256(abi.encode(channelId(channel), nonce));
    }

    /// @inheritdoc IChannels
    function voucherDigest(bytes32 id, uint128 cumulative) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(VOUCHER_TYPEHASH, id, cumulative)));
    }

    /// @inheritdoc IChannels
    function releaseDigest(bytes32 id, uint128 finalAmount, uint24 round) public view returns (bytes32) {
        return _hashTypedDataV4(keccak256(abi.encode(RELEASE_TYPEHASH, id, finalAmount, round)));
    }

    function _add(Channel calldata channel, uint256 amount) private {
        bytes32 id = channelId(channel);
        State memory state = ChannelMath.added(_states[id], amount);
        _states[id] = state;
        emit Deposited(id, channel.payer, channel.payee, channel.signer, channel.salt, amount, state.deposit);
    }

    function _draw(bytes32 id, uint256 cumulative) private returns (uint256 paid) {
        State memory state = _states[id];
        paid = ChannelMath.drawn(state.deposit, state.claimed, cumulative);
        // SAFETY: at most the deposit, which has this type.
        // forge-lint: disable-next-line(unsafe-typecast)
        state.claimed = uint96(cumulative);
        _states[id] = state;
    }

    function _refund(bytes32 id) private returns (uint256 rest) {
        State memory state;
        (state, rest) = ChannelMath.refunded(_states[id]);
        _states[id] = state;
        emit Refunded(id, rest, state.claimed);
    }

    function _payOut(Channel calldata channel, bytes32 id, uint256 paid) private {
        uint256 rest = _refund(id);
        if (paid > 0) coin.safeTransfer(channel.payee, paid);
        if (rest > 0) coin.safeTransfer(channel.payer, rest);
    }

    /// @dev ECDSA first: most signers are keys, and asking whether one has code costs 2,600 gas.
    function _checkSignature(address signer, bytes32 digest, bytes calldata signature) private view {
        (address recovered, ECDSA.RecoverError problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (problem == ECDSA.RecoverError.NoError && recovered == signer) return;
        if (
            signer.code.length > 0
                && SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature)
        ) return;
        revert SignatureInvalid(signer);
    }
}
