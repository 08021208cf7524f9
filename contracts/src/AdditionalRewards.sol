// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import { IAdditionalRewards } from "./interfaces/IAdditionalRewards.sol";
import { IAuthority } from "./interfaces/IAuthority.sol";
import { IRaceCoin } from "./interfaces/IRaceCoin.sol";
import { ASSESSOR } from "./types/Role.sol";
import { SafeCast } from "@openzeppelin/contracts/utils/math/SafeCast.sol";

contract AdditionalRewards is IAdditionalRewards {
    using SafeCast for uint256;

    uint256 public constant SEATS = 12;
    uint256 public constant AMOUNT_PER_SEAT = 10_000_000e18;
    uint256 public constant DURATION_SECONDS = 4 * 365 days;
    /// @notice A100 equivalents that a holder keeps running.
    uint256 public constant MIN_CAPACITY = 1000;
    uint256 public constant ATTESTATION_SECONDS = 30 days;

    IAuthority public immutable authority;
    IRaceCoin public immutable coin;

    Seat[SEATS] private _seats;
    // Seat number plus one, so that zero means none.
    mapping(address provider => uint256 seatPlusOne) private _seatOf;
    mapping(address provider => uint256 amount) private _owed;

    constructor(IAuthority authority_, IRaceCoin coin_) {
        authority = authority_;
        coin = coin_;
    }

    /// @inheritdoc IAdditionalRewards
    function attest(uint256 seat, address provider, uint256 capacity) external {
        authority.checkRole(ASSESSOR, msg.sender);
        if (seat >= SEATS) revert SeatUnknown(seat);
        if (capacity < MIN_CAPACITY) revert CapacityTooSmall(capacity, MIN_CAPACITY);
        _accrue(seat);
        Seat storage taken = _seats[seat];
        if (taken.holder != provider) {
            if (taken.holder != address(0)) {
                if (block.timestamp < taken.attestedUntil) {
                    revert SeatTaken(seat, taken.holder, taken.attestedUntil);
                }
                _vacate(seat);
            }
            uint256 other = _seatOf[provider];
            if (other != 0) revert SeatHeldElsewhere(provider, other - 1);
            _seatOf[provider] = seat + 1;
            taken.holder = provider;
        }
        uint256 until = block.timestamp + ATTESTATION_SECONDS;
        taken.attestedUntil = until.toUint64();
        emit CapacityAttested(seat, provider, capacity, until);
    }

    /// @inheritdoc IAdditionalRewards
    function leaveSeat() external {
        uint256 seat = _seatOf[msg.sender];
        if (seat == 0) revert NoSeat(msg.sender);
        _accrue(seat - 1);
        _vacate(seat - 1);
    }

    /// @inheritdoc IAdditionalRewards
    function collect(address holder) external returns (uint256 amount) {
        uint256 seat = _seatOf[holder];
        if (seat != 0) _accrue(seat - 1);
        amount = _owed[holder];
        if (amount == 0) return 0;
        _owed[holder] = 0;
        emit AdditionalRewardPaid(holder, amount);
        coin.mint(holder, amount);
    }

    /// @inheritdoc IAdditionalRewards
    function owedTo(address holder) external view returns (uint256 amount) {
        amount = _owed[holder];
        uint256 seat = _seatOf[holder];
        if (seat != 0) {
            (, uint256 earned) = _earned(_seats[seat - 1]);
            amount += earned;
        }
    }

    /// @inheritdoc IAdditionalRewards
    function seatAt(uint256 seat) external view returns (Seat memory) {
        if (seat >= SEATS) revert SeatUnknown(seat);
        return _seats[seat];
    }

    function _accrue(uint256 seat) private {
        Seat storage held = _seats[seat];
        (uint256 paidSeconds, uint256 earned) = _earned(held);
        if (earned > 0) {
            held.paidSeconds = paidSeconds.toUint32();
            _owed[held.holder] += earned;
        }
        held.accruedAt = block.timestamp.toUint64();
    }

    function _earned(Seat memory held) private view returns (uint256 paidSeconds, uint256 earned) {
        paidSeconds = held.paidSeconds;
        uint256 end = block.timestamp < held.attestedUntil ? block.timestamp : held.attestedUntil;
        if (held.holder == address(0) || end <= held.accruedAt) return (paidSeconds, 0);
        // INVARIANT: all holders of a seat together earn at most 10 million coins over four attested years.
        paidSeconds += end - held.accruedAt;
        if (paidSeconds > DURATION_SECONDS) paidSeconds = DURATION_SECONDS;
        // Two roundings of one running total: the parts add up to the whole however often it is collected.
        earned = AMOUNT_PER_SEAT * paidSeconds / DURATION_SECONDS - AMOUNT_PER_SEAT * held.paidSeconds
            / DURATION_SECONDS;
    }

    function _vacate(uint256 seat) private {
        Seat storage held = _seats[seat];
        emit SeatLeft(seat, held.holder, held.paidSeconds);
        delete _seatOf[held.holder];
        held.holder = address(0);
        held.attestedUntil = 0;
    }
}
